{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='wave_key',
    on_schema_change='sync_all_columns',
    indexes=[{'columns': ['wave_key']}, {'columns': ['estimate_key']}],
    meta={'distribute_by': 'wave_key'},
) }}
-- The totals become estimates: r = A/B, var(r) = (q_aa − 2r·q_ab + r²·q_bb) / B². Answers nobody gave are filled with
-- zero; 0 % and 100 % are told by counts. A sample that was not drawn by chance gets no standard error.
with domain as (
    select distinct
        domain.domain_number,
        domain.wave_number,
        domain.wave_key,
        domain.group_dimension,
        domain.group_code,
        domain.place_code,
        wave.source_id,
        wave.wave_id,
        wave.sampling in ('probability', 'census') as has_margin
    from {{ ref('int_survey_domains__assigned') }} as domain
    inner join {{ ref('int_survey_waves__changed') }} as wave on domain.wave_number = wave.wave_number
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

base as (
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
),

filled as (
    select
        domain.wave_key,
        domain.wave_id,
        domain.has_margin,
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
        base.shift,
        base.denominator_total,
        case
            when option.measure = 'proportion' then coalesce(total.answer_unweighted_count, 0)
            else base.base_unweighted_count
        end as answer_unweighted_count,
        case
            when option.measure = 'proportion' and coalesce(total.answer_unweighted_count, 0) = 0 then 0
            when option.measure = 'proportion' and total.answer_unweighted_count = base.base_unweighted_count then 1
            else total.answer_weighted_total / nullif(base.denominator_total, 0)
        end as shifted_estimate,
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

-- a question nobody answered has its rows for everyone, with nobody in the base
unanswered as (
    select
        domain.wave_key,
        domain.wave_id,
        domain.has_margin,
        domain.group_dimension,
        domain.group_code,
        domain.place_code,
        option.source_id,
        option.question_id,
        option.answer_code,
        option.measure,
        base_code.base_code,
        0::double precision as base_weighted_count,
        0::bigint as base_unweighted_count,
        0 as degrees_of_freedom,
        0 as psu_count,
        0 as stratum_count,
        0::double precision as shift,
        0::double precision as denominator_total,
        0::bigint as answer_unweighted_count,
        null::double precision as shifted_estimate,
        null::double precision as mean_square,
        0::double precision as q_aa,
        0::double precision as q_ab,
        0::double precision as q_bb
    from domain
    inner join {{ ref('int_survey_options__listed') }} as option on domain.source_id = option.source_id
    cross join (values ('all'), ('substantive')) as base_code (base_code)
    where
        domain.group_dimension = 'all'
        and domain.place_code = (
            select wave.coverage_place_code from {{ ref('int_survey_waves__changed') }} as wave
            where wave.wave_number = domain.wave_number
        )
        and (base_code.base_code = 'substantive' or option.measure = 'proportion')
        and (base_code.base_code = 'all' or option.is_substantive)
        and not exists (
            select 1 from base
            where
                base.domain_number = domain.domain_number
                and base.item_number = option.item_number
                and base.base_code = base_code.base_code
        )
),

spread as (
    select
        every_row.*,
        every_row.q_aa - 2 * every_row.shifted_estimate * every_row.q_ab
        + every_row.shifted_estimate * every_row.shifted_estimate * every_row.q_bb as sum_of_squares,
        -- of one answer, as if the sample were simple
        case
            when every_row.measure = 'mean' then every_row.mean_square
            when every_row.measure = 'proportion' then every_row.shifted_estimate
        end - every_row.shifted_estimate * every_row.shifted_estimate as element_variance
    from (
        select * from filled
        union all
        select * from unanswered
    ) as every_row
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
        'effect.wave_key', 'effect.source_id', 'effect.question_id', 'effect.answer_code', 'effect.base_code',
        'effect.measure', 'effect.group_dimension', 'effect.group_code', 'effect.place_code',
    ]) }} as estimate_key,
    effect.wave_key,
    asked.question_key,
    {{ key(['effect.source_id', 'effect.question_id', 'asked.version_code', 'effect.answer_code']) }} as answer_key,
    {{ key(['effect.group_dimension', 'effect.group_code', 'effect.place_code']) }} as domain_key,
    {{ key(['effect.source_id', 'effect.group_dimension', 'effect.group_code']) }} as group_key,
    effect.source_id,
    effect.question_id,
    effect.answer_code,
    effect.base_code,
    effect.measure,
    effect.group_dimension,
    effect.group_code,
    effect.place_code,
    effect.estimate,
    effect.standard_error,
    case
        when effect.measure in ('mean', 'ratio') then effect.estimate - effect.t_975 * effect.standard_error
        else 1 / (1 + exp(effect.logit_half_width - effect.logit))
    end as ci_low,
    case
        when effect.measure in ('mean', 'ratio') then effect.estimate + effect.t_975 * effect.standard_error
        else 1 / (1 + exp(-effect.logit_half_width - effect.logit))
    end as ci_high,
    effect.base_unweighted_count,
    effect.answer_unweighted_count,
    effect.base_weighted_count,
    effect.degrees_of_freedom,
    effect.psu_count,
    effect.stratum_count,
    effect.design_effect,
    case when effect.design_effect > 1e-6 then effect.base_unweighted_count / effect.design_effect end
        as effective_sample_size
from effect
inner join {{ ref('int_survey_questions__asked') }} as asked
    on effect.wave_key = asked.wave_key and effect.question_id = asked.question_id
