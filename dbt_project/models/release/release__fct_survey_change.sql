{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- Change since the wave before. Where either wave's estimate is hidden, the change is hidden with it. A break (B) has
-- no change: the two estimates are not of the same thing.
select
    {{ release_id() }} as release_id,
    change.estimate_key,
    change.previous_estimate_key,
    change.wave_key,
    change.previous_wave_key,
    this.question_key,
    this.answer_key,
    this.answer_code,
    this.base_code,
    this.measure,
    this.domain_key,
    this.group_key,
    this.group_dimension,
    this.group_code,
    this.place_key,
    this.place_code,
    change.is_panel,
    change.break_reason,
    case when cell.is_shown then round(change.difference::numeric, cell.decimals) end as difference,
    case when cell.is_shown then round(change.standard_error::numeric, cell.decimals + 1) end as standard_error,
    case when cell.is_shown then round(change.p_value::numeric, 4) end as p_value,
    case when cell.is_shown then round(change.adjusted_p_value::numeric, 4) end as adjusted_p_value,
    case when cell.is_shown then change.is_changed end as is_changed,
    case
        when change.break_reason is not null then 'B'
        when not cell.is_shown then 'M'
        when 'U' in (this.obs_status, before.obs_status) then 'U'
        else 'A'
    end as obs_status,
    case when 'A' in (this.conf_status, coalesce(before.conf_status, 'F')) then 'A' else 'F' end as conf_status
from {{ source('analysis', 'survey_change') }} as change
inner join {{ ref('release__fct_survey_estimate') }} as this on change.estimate_key = this.estimate_key
left join {{ ref('release__fct_survey_estimate') }} as before on change.previous_estimate_key = before.estimate_key
cross join lateral (
    select
        change.break_reason is null and 'M' not in (this.obs_status, coalesce(before.obs_status, 'M')) as is_shown,
        {{ decimals('this.measure', 'change.standard_error') }} as decimals
) as cell
