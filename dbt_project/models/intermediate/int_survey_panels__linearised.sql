{{ config(materialized='wave_by_wave', only='panel_wave_key is not null') }}
-- The variance of an answer's difference between two waves of a panel. Both waves are one sample of people, some
-- seen once: d_c = z2_c − z1_c with z = √(1−f)·(a − p·b)/B summed over each PSU c of either wave, f its own sampling
-- fraction; Σ_h n_h/(n_h−1) Σ_c (d_c − mean)² and the second stage likewise. n_h counts the PSUs of both waves.
-- Sums over those who gave the answer (g = a2/B2 − a1/B1) and over the whole base (β = b/B) are kept apart, so that
-- nobody has to stand once for each answer.
with pair as (
    select
        later.wave_number as later_number,
        earlier.wave_number as earlier_number
    from {{ ref('int_survey_waves__changed') }} as later
    inner join {{ ref('int_survey_waves__changed') }} as earlier on later.panel_wave_key = earlier.wave_key
    where later.wave_number = {{ this_wave() }}
),

domain as (
    select
        domain.domain_number,
        domain.wave_number = pair.later_number as is_later,
        domain.group_dimension,
        domain.group_code,
        domain.place_code
    from {{ ref('int_survey_domains__listed') }} as domain
    inner join pair on domain.wave_number in (pair.later_number, pair.earlier_number)
),

cell as (
    select
        later.domain_number as later_domain_number,
        earlier.domain_number as earlier_domain_number,
        later.group_dimension,
        later.group_code,
        later.place_code
    from domain as later
    inner join domain as earlier
        on
            later.group_dimension = earlier.group_dimension
            and later.group_code = earlier.group_code
            and later.place_code = earlier.place_code
    where later.is_later and not earlier.is_later
),

-- PSUs and second-stage units of both waves together
respondent as (
    select
        respondent.wave_number,
        respondent.respondent_number,
        respondent.profile_number,
        respondent.wave_number = pair.later_number as is_later,
        respondent.weight,
        dense_rank() over (order by respondent.stratum_code) as stratum_number,
        dense_rank() over (order by respondent.stratum_code, respondent.psu_code) as psu_number,
        dense_rank() over (order by respondent.stratum_code, respondent.psu_code, unit.unit_code) as unit_number,
        dense_rank() over (partition by respondent.stratum_code order by respondent.psu_code) as psu_rank,
        dense_rank() over (
            partition by respondent.stratum_code, respondent.psu_code order by unit.unit_code
        ) as unit_rank,
        sqrt(1 - respondent.stratum_fraction) as first_stage,
        sqrt(respondent.stratum_fraction * (1 - respondent.psu_fraction)) as second_stage
    from {{ ref('int_survey_respondents__weighted') }} as respondent
    inner join pair on respondent.wave_number in (pair.later_number, pair.earlier_number)
    cross join lateral (
        select coalesce(respondent.ssu_code, respondent.panel_key, respondent.respondent_key) as unit_code
    ) as unit
),

sized as (
    select
        *,
        max(psu_rank) over (partition by stratum_number) as n_h,
        max(unit_rank) over (partition by psu_number) as m_c
    from respondent
),

-- B and p of each wave; an item has an own base each, the same for all its options
base as (
    select
        domain_number,
        item_number,
        base_code,
        max(denominator_total) as denominator_total
    from {{ ref('int_survey_totals__linearised') }}
    group by domain_number, item_number, base_code
),

known as (
    select
        cell.later_domain_number,
        cell.earlier_domain_number,
        cell.group_dimension,
        cell.group_code,
        cell.place_code,
        later.item_number,
        later.base_code,
        option.option_number,
        nullif(later.denominator_total, 0) as later_base,
        nullif(earlier.denominator_total, 0) as earlier_base,
        coalesce(later_given.answer_weighted_total, 0) / nullif(later.denominator_total, 0) as later_share,
        coalesce(earlier_given.answer_weighted_total, 0) / nullif(earlier.denominator_total, 0) as earlier_share
    from cell
    inner join base as later on cell.later_domain_number = later.domain_number
    inner join base as earlier
        on
            cell.earlier_domain_number = earlier.domain_number
            and later.item_number = earlier.item_number
            and later.base_code = earlier.base_code
    inner join {{ ref('int_survey_options__listed') }} as option
        on later.item_number = option.item_number and (later.base_code = 'all' or option.is_substantive)
    left join {{ ref('int_survey_totals__linearised') }} as later_given
        on
            cell.later_domain_number = later_given.domain_number
            and later.base_code = later_given.base_code
            and option.option_number = later_given.option_number
    left join {{ ref('int_survey_totals__linearised') }} as earlier_given
        on
            cell.earlier_domain_number = earlier_given.domain_number
            and later.base_code = earlier_given.base_code
            and option.option_number = earlier_given.option_number
),

-- one number for the later wave's domain, item and base
answer as (
    select
        cell.later_domain_number::bigint * 1000000 + answer.base_number as cell_number,
        answer.option_number,
        respondent.stratum_number,
        respondent.psu_number,
        respondent.unit_number,
        respondent.n_h,
        respondent.m_c,
        respondent.first_stage,
        respondent.second_stage,
        respondent.weight * answer.y / nullif(base.denominator_total, 0)
        * case when respondent.is_later then 1 else -1 end as g,
        case when respondent.is_later then 0 else respondent.weight * answer.x / nullif(base.denominator_total, 0) end
            as earlier_beta,
        case when respondent.is_later then respondent.weight * answer.x / nullif(base.denominator_total, 0) else 0 end
            as later_beta
    from sized as respondent
    inner join {{ ref('int_survey_answers__scored') }} as answer
        on respondent.wave_number = answer.wave_number and respondent.respondent_number = answer.respondent_number
    inner join {{ ref('int_survey_domains__assigned') }} as domain
        on respondent.profile_number = domain.profile_number
    inner join cell
        on
            domain.domain_number
            = case when respondent.is_later then cell.later_domain_number else cell.earlier_domain_number end
    inner join base
        on
            domain.domain_number = base.domain_number
            and answer.base_number = base.item_number * 2 + (base.base_code = 'substantive')::int
),

by_unit as (
    select
        cell_number,
        option_number,
        psu_number,
        max(stratum_number) as stratum_number,
        max(n_h) as n_h,
        max(m_c) as m_c,
        sum(first_stage * g) as g,
        sum(first_stage * earlier_beta) as earlier_beta,
        sum(first_stage * later_beta) as later_beta,
        sum(second_stage * g) as unit_g,
        sum(sum(second_stage * earlier_beta)) over unit as unit_earlier,
        sum(sum(second_stage * later_beta)) over unit as unit_later,
        row_number() over (unit order by option_number) = 1 as is_first
    from answer
    group by cell_number, psu_number, unit_number, option_number
    window unit as (partition by cell_number, psu_number, unit_number)
),

by_psu as (
    select
        cell_number,
        psu_number,
        option_number,
        max(stratum_number) as stratum_number,
        max(n_h) as n_h,
        max(m_c) as m_c,
        sum(g) as g,
        sum(sum(earlier_beta)) over psu as psu_earlier,
        sum(sum(later_beta)) over psu as psu_later,
        sum(unit_g) as sum_g,
        sum(unit_g * unit_g) as unit_gg,
        sum(unit_g * unit_earlier) as unit_ge,
        sum(unit_g * unit_later) as unit_gl,
        sum(sum(unit_earlier) filter (where is_first)) over psu as sum_earlier,
        sum(sum(unit_later) filter (where is_first)) over psu as sum_later,
        sum(sum(unit_earlier * unit_earlier) filter (where is_first)) over psu as unit_ee,
        sum(sum(unit_earlier * unit_later) filter (where is_first)) over psu as unit_el,
        sum(sum(unit_later * unit_later) filter (where is_first)) over psu as unit_ll,
        row_number() over (psu order by option_number) = 1 as is_first
    from by_unit
    group by cell_number, psu_number, option_number
    window psu as (partition by cell_number, psu_number)
),

-- within a PSU: m/(m−1) (Σ x·y − Σx Σy/m), or uncentred for a lone unit
within_psu as (
    select
        *,
        m_c / greatest(m_c - 1, 1)::double precision as inflation,
        case when m_c > 1 then 1 / m_c::double precision else 0 end as centring
    from by_psu
),

by_stratum as (
    select
        cell_number,
        stratum_number,
        option_number,
        max(n_h) as n_h,
        sum(g) as g,
        sum(g * g) as gg,
        sum(g * psu_earlier) as ge,
        sum(g * psu_later) as gl,
        sum(inflation * (unit_gg - centring * sum_g * sum_g)) as within_gg,
        sum(inflation * (unit_ge - centring * sum_g * sum_earlier)) as within_ge,
        sum(inflation * (unit_gl - centring * sum_g * sum_later)) as within_gl,
        sum(sum(psu_earlier) filter (where is_first)) over stratum as earlier,
        sum(sum(psu_later) filter (where is_first)) over stratum as later,
        sum(sum(psu_earlier * psu_earlier) filter (where is_first)) over stratum as ee,
        sum(sum(psu_earlier * psu_later) filter (where is_first)) over stratum as el,
        sum(sum(psu_later * psu_later) filter (where is_first)) over stratum as ll,
        sum(sum(inflation * (unit_ee - centring * sum_earlier * sum_earlier)) filter (where is_first)) over stratum
            as within_ee,
        sum(sum(inflation * (unit_el - centring * sum_earlier * sum_later)) filter (where is_first)) over stratum
            as within_el,
        sum(sum(inflation * (unit_ll - centring * sum_later * sum_later)) filter (where is_first)) over stratum
            as within_ll,
        sum(count(*) filter (where is_first)) over stratum as psu_count,
        row_number() over (stratum order by option_number) = 1 as is_first
    from within_psu
    group by cell_number, stratum_number, option_number
    window stratum as (partition by cell_number, stratum_number)
),

stratum_variance as (
    select
        cell_number,
        option_number,
        is_first,
        psu_count,
        spread.inflation * (gg - spread.centring * g * g) + within_gg as q_gg,
        spread.inflation * (ge - spread.centring * g * earlier) + within_ge as q_ge,
        spread.inflation * (gl - spread.centring * g * later) + within_gl as q_gl,
        spread.inflation * (ee - spread.centring * earlier * earlier) + within_ee as q_ee,
        spread.inflation * (el - spread.centring * earlier * later) + within_el as q_el,
        spread.inflation * (ll - spread.centring * later * later) + within_ll as q_ll
    from by_stratum
    cross join lateral (
        select
            n_h / greatest(n_h - 1, 1)::double precision as inflation,
            case when n_h > 1 then 1 / n_h::double precision else 0 end as centring
    ) as spread
),

summed as (
    select
        cell_number,
        option_number,
        sum(q_gg) as q_gg,
        sum(q_ge) as q_ge,
        sum(q_gl) as q_gl
    from stratum_variance
    group by cell_number, option_number
),

summed_base as (
    select
        cell_number,
        sum(q_ee) as q_ee,
        sum(q_el) as q_el,
        sum(q_ll) as q_ll,
        sum(psu_count)::int - count(*)::int as degrees_of_freedom
    from stratum_variance
    where is_first
    group by cell_number
)

select
    {{ this_wave() }} as wave_number,
    known.group_dimension,
    known.group_code,
    known.place_code,
    known.base_code,
    known.option_number,
    coalesce(summed.q_gg, 0)
    - 2 * known.later_share * coalesce(summed.q_gl, 0)
    + 2 * known.earlier_share * coalesce(summed.q_ge, 0)
    + known.later_share * known.later_share * whole.q_ll
    - 2 * known.later_share * known.earlier_share * whole.q_el
    + known.earlier_share * known.earlier_share * whole.q_ee as variance,
    -- what the terms' rounding is measured against
    coalesce(summed.q_gg, 0) + known.later_share * known.later_share * whole.q_ll
    + known.earlier_share * known.earlier_share * whole.q_ee as scale,
    whole.degrees_of_freedom
from known
inner join summed_base as whole
    on
        known.later_domain_number::bigint * 1000000 + known.item_number * 2
        + (known.base_code = 'substantive')::int = whole.cell_number
left join summed on whole.cell_number = summed.cell_number and known.option_number = summed.option_number
