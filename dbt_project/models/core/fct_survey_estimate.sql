{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='wave_key',
    on_schema_change='sync_all_columns', pre_hook="{{ forget_changed_waves() }}",
    indexes=[{'columns': ['wave_key']}, {'columns': ['estimate_key']}],
    meta={'distribute_by': 'wave_key'},
) }}
-- The totals become estimates: r = A/B, var(r) = (q_aa − 2r·q_ab + r²·q_bb) / B². Answers nobody gave are filled with
-- zero; 0 % and 100 % are told by counts. A sample that was not drawn by chance gets no standard error.
with answer as (
    select
        wave.wave_key,
        answered.question_key,
        answered.answer_key,
        option.source_id,
        option.question_id,
        option.answer_code,
        option.measure,
        option.item_number,
        option.option_number,
        option.is_substantive
    from {{ ref('int_survey_waves__changed') }} as wave
    inner join {{ ref('int_survey_concepts__answered') }} as answered on wave.wave_key = answered.wave_key
    inner join {{ ref('int_survey_options__listed') }} as option
        on
            answered.source_id = option.source_id
            and answered.question_id = option.question_id
            and answered.answer_code = option.answer_code
            and answered.measure = option.measure
    where not wave.is_partner
),

counted as (
    select
        domain_number,
        item_number,
        base_code,
        max(shift) as shift,
        max(denominator_total) as denominator_total,
        max(base_weighted_count) as base_weighted_count,
        max(base_unweighted_count) as base_unweighted_count,
        max(q_bb) as q_bb,
        max(psu_count) - max(stratum_count) as degrees_of_freedom,
        max(psu_count) as psu_count,
        max(stratum_count) as stratum_count
    from {{ ref('int_survey_totals__linearised') }}
    group by domain_number, item_number, base_code
),

measured as (
    select
        *,
        base_code as counted_base_code
    from counted

    union all

    -- nobody found it hard to say: both bases are the same
    select
        domain_number,
        item_number,
        'substantive' as base_code,
        shift,
        denominator_total,
        base_weighted_count,
        base_unweighted_count,
        q_bb,
        degrees_of_freedom,
        psu_count,
        stratum_count,
        base_code as counted_base_code
    from counted
    where
        base_code = 'all'
        and not exists (
            select 1 from {{ ref('int_survey_items__doubted') }} as doubted
            where doubted.item_number = counted.item_number
        )

    union all

    -- adds nothing to what was answered; a question that nobody answered has its rows for everyone all the same
    select distinct
        domain.domain_number,
        answer.item_number,
        base_code.base_code,
        0 as shift,
        0 as denominator_total,
        0 as base_weighted_count,
        0 as base_unweighted_count,
        0 as q_bb,
        0 as degrees_of_freedom,
        0 as psu_count,
        0 as stratum_count,
        null as counted_base_code
    from {{ ref('int_survey_domains__listed') }} as domain
    inner join answer on domain.wave_key = answer.wave_key
    cross join (values ('all'), ('substantive')) as base_code (base_code)
    where domain.is_whole and (base_code.base_code = 'substantive' or answer.measure = 'proportion')
),

base as (
    select
        domain_number,
        item_number,
        base_code,
        max(counted_base_code) as counted_base_code,
        sum(shift) as shift,
        sum(denominator_total) as denominator_total,
        sum(base_weighted_count) as base_weighted_count,
        sum(base_unweighted_count)::bigint as base_unweighted_count,
        sum(q_bb) as q_bb,
        sum(degrees_of_freedom)::int as degrees_of_freedom,
        sum(psu_count)::int as psu_count,
        sum(stratum_count)::int as stratum_count
    from measured
    group by domain_number, item_number, base_code
),

filled as (
    select
        domain.wave_key,
        domain.domain_key,
        domain.group_key,
        domain.has_margin,
        domain.group_dimension,
        domain.group_code,
        domain.place_code,
        answer.question_key,
        answer.answer_key,
        answer.source_id,
        answer.question_id,
        answer.answer_code,
        answer.measure,
        base.base_code,
        base.base_weighted_count,
        base.base_unweighted_count,
        base.degrees_of_freedom,
        base.psu_count,
        base.stratum_count,
        base.shift,
        base.denominator_total,
        case
            when answer.measure = 'proportion' then coalesce(total.answer_unweighted_count, 0)
            else base.base_unweighted_count
        end as answer_unweighted_count,
        case
            when base.base_unweighted_count = 0 then null
            when answer.measure = 'proportion' and coalesce(total.answer_unweighted_count, 0) = 0 then 0
            when answer.measure = 'proportion' and total.answer_unweighted_count = base.base_unweighted_count then 1
            else total.answer_weighted_total / nullif(base.denominator_total, 0)
        end as shifted_estimate,
        total.answer_weighted_square_total / nullif(base.base_weighted_count, 0) as mean_square,
        coalesce(total.q_aa, 0) as q_aa,
        coalesce(total.q_ab, 0) as q_ab,
        base.q_bb
    from base
    inner join {{ ref('int_survey_domains__listed') }} as domain on base.domain_number = domain.domain_number
    inner join answer
        on
            domain.wave_key = answer.wave_key
            and base.item_number = answer.item_number
            and (base.base_code = 'all' or answer.is_substantive)
    left join {{ ref('int_survey_totals__linearised') }} as total
        on
            base.domain_number = total.domain_number
            and base.item_number = total.item_number
            and base.counted_base_code = total.base_code
            and answer.option_number = total.option_number
),

spread as (
    select
        *,
        q_aa - 2 * shifted_estimate * q_ab + shifted_estimate * shifted_estimate * q_bb as sum_of_squares,
        -- of one answer, as if the sample were simple
        case
            when measure = 'mean' then mean_square
            when measure = 'proportion' then shifted_estimate
        end - shifted_estimate * shifted_estimate as element_variance
    from filled
),

varied as (
    select
        spread.*,
        spread.shifted_estimate + spread.shift as estimate,
        case
            when not spread.has_margin or spread.degrees_of_freedom < 1 then null
            when spread.measure = 'proportion' and spread.shifted_estimate in (0, 1) then 0
            -- what is left of equal terms after rounding is no variance
            when spread.sum_of_squares <= 1e-13 * greatest(
                spread.q_aa, spread.shifted_estimate * spread.shifted_estimate * spread.q_bb
            ) then 0
            else sqrt(spread.sum_of_squares) / abs(spread.denominator_total)
        end as standard_error,
        quantile.t_975
    from spread
    left join {{ source('analysis', 't_quantile') }} as quantile
        on spread.degrees_of_freedom = quantile.degrees_of_freedom
),

effect as (
    select
        *,
        case
            when
                base_unweighted_count > 1
                and element_variance > 1e-12 * greatest(coalesce(mean_square, 0), shifted_estimate * shifted_estimate)
                then standard_error * standard_error * (base_unweighted_count - 1) / element_variance
        end as design_effect,
        case
            -- least() passes over nulls: no standard error, no interval
            when
                measure = 'proportion' and shifted_estimate > 0 and shifted_estimate < 1
                and t_975 * standard_error is not null
                then least(t_975 * standard_error / (shifted_estimate * (1 - shifted_estimate)), 300)
        end as logit_half_width,
        case
            when measure = 'proportion' and shifted_estimate > 0 and shifted_estimate < 1
                then ln(shifted_estimate / (1 - shifted_estimate))
        end as logit
    from varied
)

select
    {{ key([
        'wave_key', 'source_id', 'question_id', 'answer_code', 'base_code', 'measure', 'group_dimension', 'group_code',
        'place_code',
    ]) }} as estimate_key,
    wave_key,
    question_key,
    answer_key,
    domain_key,
    group_key,
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
        when measure in ('mean', 'ratio') then estimate - t_975 * standard_error
        else 1 / (1 + exp(logit_half_width - logit))
    end as ci_low,
    case
        when measure in ('mean', 'ratio') then estimate + t_975 * standard_error
        else 1 / (1 + exp(-logit_half_width - logit))
    end as ci_high,
    base_unweighted_count,
    answer_unweighted_count,
    base_weighted_count,
    degrees_of_freedom,
    psu_count,
    stratum_count,
    design_effect,
    case when design_effect > 1e-6 then base_unweighted_count / design_effect end
        as effective_sample_size
from effect
