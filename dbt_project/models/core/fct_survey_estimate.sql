{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='wave_key',
    on_schema_change='sync_all_columns',
    indexes=[{'columns': ['wave_key']}, {'columns': ['estimate_key']}],
    post_hook='analyze {{ this }}', meta={'distribute_by': 'wave_key'},
) }}
-- The totals become estimates: var(p) = (q_aa − 2p·q_ab + p²·q_bb) / B². Answers nobody gave are filled with zero;
-- 0 % and 100 % are told by counts. A sample that was not drawn by chance gets no standard error.
with counted as (
    select
        domain_number,
        item_number,
        base_code,
        bool_or(has_two_bases) as has_two_bases,
        max(base_weighted_count) as base_weighted_count,
        max(base_unweighted_count) as base_unweighted_count,
        max(q_bb) as q_bb,
        max(psu_count) - max(stratum_count) as degrees_of_freedom,
        max(psu_count) as psu_count,
        max(stratum_count) as stratum_count
    from {{ ref('int_survey_totals__linearised') }}
    group by domain_number, item_number, base_code
),

base as (
    select
        *,
        base_code as counted_base_code
    from counted

    union all

    -- no khó trả lời in the wave: both bases are the same
    select
        domain_number,
        item_number,
        'substantive' as base_code,
        has_two_bases,
        base_weighted_count,
        base_unweighted_count,
        q_bb,
        degrees_of_freedom,
        psu_count,
        stratum_count,
        base_code as counted_base_code
    from counted
    where base_code = 'all' and not has_two_bases
),

domain as (
    select distinct
        domain_number,
        wave_key,
        group_dimension,
        group_code,
        place_code
    from {{ ref('int_survey_domains__assigned') }}
),

filled as (
    select
        domain.wave_key,
        domain.group_dimension,
        domain.group_code,
        domain.place_code,
        option.source_id,
        option.question_id,
        option.answer_code,
        option.measure,
        base.base_code,
        base.base_weighted_count,
        base.base_unweighted_count,
        base.degrees_of_freedom,
        base.psu_count,
        base.stratum_count,
        coalesce(total.answer_unweighted_count, 0) as answer_unweighted_count,
        case
            when option.measure = 'proportion' and coalesce(total.answer_unweighted_count, 0) = 0 then 0
            when option.measure = 'proportion' and total.answer_unweighted_count = base.base_unweighted_count then 1
            else total.answer_weighted_total / base.base_weighted_count
        end as estimate,
        total.answer_weighted_square_total / base.base_weighted_count as mean_square,
        coalesce(total.q_aa, 0) as q_aa,
        coalesce(total.q_ab, 0) as q_ab,
        base.q_bb
    from base
    inner join domain on base.domain_number = domain.domain_number
    inner join {{ ref('int_survey_options__listed') }} as option
        on base.item_number = option.item_number and (base.base_code = 'all' or option.is_substantive)
    left join {{ ref('int_survey_totals__linearised') }} as total
        on
            base.domain_number = total.domain_number
            and base.item_number = total.item_number
            and base.counted_base_code = total.base_code
            and option.option_number = total.option_number
),

varied as (
    select
        filled.*,
        case
            when wave.sampling not in ('probability', 'census') or filled.degrees_of_freedom < 1 then null
            when filled.measure = 'proportion' and filled.estimate in (0, 1) then 0
            else
                sqrt(greatest(
                    filled.q_aa - 2 * filled.estimate * filled.q_ab + filled.estimate * filled.estimate * filled.q_bb, 0
                )) / filled.base_weighted_count
        end as standard_error,
        -- of one answer, as if the sample were simple
        (
            case when filled.measure = 'mean' then filled.mean_square else filled.estimate end
            - filled.estimate * filled.estimate
        ) as element_variance,
        quantile.t_975
    from filled
    inner join {{ ref('int_survey_waves__changed') }} as wave on filled.wave_key = wave.wave_key
    left join {{ source('analysis', 't_quantile') }} as quantile
        on filled.degrees_of_freedom = quantile.degrees_of_freedom
),

effect as (
    select
        *,
        case
            when element_variance > 1e-12 and base_unweighted_count > 1
                then standard_error * standard_error * (base_unweighted_count - 1) / element_variance
        end as design_effect,
        case
            -- least() passes over nulls: no standard error, no interval
            when measure = 'proportion' and estimate > 0 and estimate < 1 and t_975 * standard_error is not null
                then least(t_975 * standard_error / (estimate * (1 - estimate)), 300)
        end as logit_half_width,
        case when measure = 'proportion' and estimate > 0 and estimate < 1 then ln(estimate / (1 - estimate)) end
            as logit
    from varied
)

select
    {{ key([
        'wave_key', 'source_id', 'question_id', 'answer_code', 'base_code', 'measure', 'group_dimension', 'group_code',
        'place_code',
    ]) }} as estimate_key,
    wave_key,
    {{ key(['source_id', 'question_id']) }} as question_key,
    {{ key(['source_id', 'question_id', 'answer_code']) }} as answer_key,
    {{ key(['group_dimension', 'group_code', 'place_code']) }} as domain_key,
    {{ key(['source_id', 'group_dimension', 'group_code']) }} as group_key,
    source_id,
    question_id,
    answer_code,
    base_code,
    measure,
    group_dimension,
    group_code,
    place_code,
    estimate,
    standard_error,
    case
        when measure = 'mean' then estimate - t_975 * standard_error
        else 1 / (1 + exp(logit_half_width - logit))
    end as ci_low,
    case
        when measure = 'mean' then estimate + t_975 * standard_error
        else 1 / (1 + exp(-logit_half_width - logit))
    end as ci_high,
    base_unweighted_count,
    answer_unweighted_count,
    base_weighted_count,
    degrees_of_freedom,
    psu_count,
    stratum_count,
    design_effect,
    case when design_effect > 1e-6 then base_unweighted_count / design_effect end as effective_sample_size
from effect
