{{ config(pre_hook="set local work_mem = '256MB'") }}
-- Weighted totals and the Taylor sums of each domain × item × base × answer, in one pass of window functions
-- (the same as joined CTEs took 45 times as long: the planner cannot size them). One number stands for
-- domain, item and base together: sorting by it is what the time goes into.
-- q_xy = Σ_h (1-f1)(n_h Σ xy − Σx Σy)/(n_h−1) + second stage; n_h counts every PSU of the stratum in the wave.
with by_psu as (
    select
        domain.domain_number::bigint * 1000000 + answer.item_number * 2 + (answer.base_code = 'substantive')::int
            as cell,
        respondent.psu_number,
        answer.option_number,
        max(respondent.stratum_number) as stratum_number,
        bool_or(answer.has_two_bases) as has_two_bases,
        max(respondent.stratum_psu_count) as n_h,
        max(respondent.stratum_fraction) as f1,
        max(respondent.psu_fraction) as f2,
        max(respondent.psu_respondent_count) as m_c,
        count(*) as base_count,
        count(*) filter (where answer.y <> 0) as answer_count,
        sum(respondent.weight) as b,
        sum(respondent.weight * respondent.weight) as bb,
        sum(respondent.weight * answer.y) as a,
        sum(respondent.weight * answer.y * answer.y) as ayy,
        sum(respondent.weight * respondent.weight * answer.y) as ab,
        sum(respondent.weight * respondent.weight * answer.y * answer.y) as aa
    from {{ ref('int_survey_answers__scored') }} as answer
    inner join {{ ref('int_survey_respondents__weighted') }} as respondent
        on answer.respondent_number = respondent.respondent_number
    inner join {{ ref('int_survey_domains__assigned') }} as domain
        on answer.respondent_number = domain.respondent_number
    group by 1, 2, 3
),

psu_base as (
    select
        *,
        sum(b) over psu as psu_b,
        sum(bb) over psu as psu_bb,
        row_number() over (psu order by option_number) = 1 as is_first,
        f1 * (1 - f2) as second_stage
    from by_psu
    window psu as (partition by cell, psu_number)
),

by_stratum as (
    select
        cell,
        stratum_number,
        option_number,
        bool_or(has_two_bases) as has_two_bases,
        max(n_h) as n_h,
        max(1 - f1) as first_stage,
        sum(base_count) as base_count,
        sum(answer_count) as answer_count,
        sum(b) as b,
        sum(a) as a,
        sum(ayy) as ayy,
        sum(a * a) as sum_aa,
        sum(a * psu_b) as sum_ab,
        -- the base's own sums stand once a PSU, on its first answer
        sum(sum(b)) over stratum as stratum_b,
        sum(sum(psu_b * psu_b) filter (where is_first)) over stratum as sum_bb,
        coalesce(sum(count(*) filter (where is_first)) over stratum, 0) as psu_count,
        row_number() over (stratum order by option_number) = 1 as is_first,
        sum(second_stage * (case when m_c > 1 then (m_c * aa - a * a) / (m_c - 1) else aa end)) as within_aa,
        sum(second_stage * (case when m_c > 1 then (m_c * ab - a * psu_b) / (m_c - 1) else ab end)) as within_ab,
        sum(sum(
            second_stage * (case when m_c > 1 then (m_c * psu_bb - psu_b * psu_b) / (m_c - 1) else psu_bb end)
        ) filter (where is_first)) over stratum as within_bb
    from psu_base
    group by cell, stratum_number, option_number
    window stratum as (partition by cell, stratum_number)
),

stratum_variance as (
    select
        *,
        case
            when n_h > 1 then first_stage * (n_h * sum_aa - a * a) / (n_h - 1) else first_stage * sum_aa
        end + within_aa as q_aa,
        case
            when n_h > 1 then first_stage * (n_h * sum_ab - a * stratum_b) / (n_h - 1) else first_stage * sum_ab
        end + within_ab as q_ab,
        case
            when n_h > 1
                then first_stage * (n_h * sum_bb - stratum_b * stratum_b) / (n_h - 1)
            else first_stage * sum_bb
        end + within_bb as q_bb
    from by_stratum
)

select
    (cell / 1000000)::int as domain_number,
    (cell % 1000000 / 2)::int as item_number,
    case cell % 2 when 1 then 'substantive' else 'all' end as base_code,
    option_number,
    bool_or(has_two_bases) as has_two_bases,
    sum(answer_count)::bigint as answer_unweighted_count,
    sum(a) as answer_weighted_total,
    sum(ayy) as answer_weighted_square_total,
    sum(q_aa) as q_aa,
    sum(q_ab) as q_ab,
    -- of the whole base, the same on each answer of the item
    sum(sum(q_bb) filter (where is_first)) over item as q_bb,
    sum(sum(b)) over item as base_weighted_count,
    sum(sum(base_count)) over item::bigint as base_unweighted_count,
    sum(sum(psu_count) filter (where is_first)) over item::int as psu_count,
    sum(count(*) filter (where is_first)) over item::int as stratum_count
from stratum_variance
group by cell, option_number
window item as (partition by cell)
