{{ config(materialized='wave_by_wave') }}
-- depends_on: {{ ref('int_survey_waves__changed') }}
-- Weighted totals and the Taylor sums of each domain × item × base × answer:
-- q_xy = Σ_h (1−f1)(n_h Σ xy − Σx Σy)/(n_h−1) + second stage; n_h counts every PSU of the stratum in the wave, m_c
-- every second-stage unit of the PSU. What takes the time is adding up answers, so they are added up once for each
-- *piece*: a PSU's people in a domain, who are often the same in several domains (a place and the whole).
with respondent as (
    select
        respondent_number,
        profile_number,
        psu_number,
        weight,
        -- where the second stage adds no variance its units do not matter
        case when stratum_fraction > 0 and psu_fraction < 1 then ssu_number end as ssu_number
    from {{ ref('int_survey_respondents__weighted') }}
    where wave_number = {{ this_wave() }}
),

psu as (
    select distinct
        psu_number,
        stratum_number,
        psu_ssu_count as m_c,
        stratum_fraction * (1 - psu_fraction) as second_stage,
        -- a lone PSU is not centred
        (1 - stratum_fraction) * stratum_psu_count / greatest(stratum_psu_count - 1, 1)::double precision
            as square_factor,
        case when stratum_psu_count > 1 then (1 - stratum_fraction) / (stratum_psu_count - 1) else 0 end
            as centre_factor
    from {{ ref('int_survey_respondents__weighted') }}
    where wave_number = {{ this_wave() }}
),

-- part: the people of one group (or crossing) with the same places
part as (
    select
        profile_number,
        domains,
        dense_rank() over (order by domains)::int as part_number
    from (
        select
            profile_number,
            array_agg(domain_number order by domain_number) as domains
        from {{ ref('int_survey_domains__assigned') }}
        where wave_number = {{ this_wave() }}
        group by profile_number, group_dimension, group_code
    ) as category
),

presence as (
    select
        present.psu_number,
        placed.part_number,
        placed.domains
    from (
        select distinct
            respondent.psu_number,
            part.part_number
        from respondent
        inner join part on respondent.profile_number = part.profile_number
    ) as present
    inner join (
        select distinct
            part_number,
            domains
        from part
    ) as placed on present.part_number = placed.part_number
),

piece as (
    select
        psu_number,
        domain_number,
        parts,
        dense_rank() over (order by psu_number, parts)::int as piece_number
    from (
        select
            presence.psu_number,
            domain.domain_number,
            array_agg(presence.part_number order by presence.part_number) as parts
        from presence
        cross join lateral unnest(presence.domains) as domain (domain_number)
        group by presence.psu_number, domain.domain_number
    ) as together
),

member as (
    select
        respondent.respondent_number,
        piece.piece_number,
        respondent.ssu_number,
        respondent.weight
    from respondent
    inner join part on respondent.profile_number = part.profile_number
    inner join (
        select distinct
            piece.psu_number,
            piece.piece_number,
            part.part_number
        from piece
        cross join lateral unnest(piece.parts) as part (part_number)
    ) as piece
        on respondent.psu_number = piece.psu_number and part.part_number = piece.part_number
),

-- of choices y is 0 or 1, so that three sums are all there is to know
outcome_sum as (
    select
        member.piece_number,
        answer.outcome_number,
        count(*)::double precision as base_count,
        sum(member.weight) as w,
        sum(member.weight * member.weight) as ww
    from {{ ref('int_survey_answers__coded') }} as answer
    inner join member on answer.respondent_number = member.respondent_number
    where answer.wave_number = {{ this_wave() }} and member.ssu_number is null
    group by member.piece_number, answer.outcome_number
),

-- second-stage units of several respondents, such as households
ssu_sum as (
    select
        member.piece_number,
        answer.base_number,
        answer.option_number,
        max(answer.shift) as shift,
        count(*)::double precision as base_count,
        count(*) filter (where answer.y <> 0)::double precision as answer_count,
        sum(member.weight) as weight,
        sum(member.weight * answer.x) as b,
        sum(member.weight * answer.y) as a,
        sum(member.weight * answer.y * answer.y) as ayy,
        sum(sum(member.weight * answer.x)) over ssu as ssu_b,
        row_number() over (ssu order by answer.option_number) = 1 as is_first
    from {{ ref('int_survey_answers__scored') }} as answer
    inner join member on answer.respondent_number = member.respondent_number
    where answer.wave_number = {{ this_wave() }} and member.ssu_number is not null
    group by member.piece_number, answer.base_number, member.ssu_number, answer.option_number
    window ssu as (partition by member.piece_number, answer.base_number, member.ssu_number)
),

-- rows of an answer add up; one with y = 0 has nothing but its part of the base
summed as (
    select
        given.piece_number,
        outcome.base_number,
        outcome.option_number,
        0::double precision as shift,
        given.base_count,
        case when outcome.y <> 0 then given.base_count else 0 end as answer_count,
        given.w as weight,
        given.w as b,
        given.w * outcome.y as a,
        given.w * outcome.y as ayy,
        given.ww as bb,
        given.ww * outcome.y as ab,
        given.ww * outcome.y as aa
    from outcome_sum as given
    inner join {{ ref('int_survey_outcomes__listed') }} as outcome on given.outcome_number = outcome.outcome_number
    where not outcome.is_shared

    union all

    select
        member.piece_number,
        answer.base_number,
        answer.option_number,
        max(answer.shift) as shift,
        count(*)::double precision as base_count,
        count(*) filter (where answer.y <> 0)::double precision as answer_count,
        sum(member.weight) as weight,
        sum(member.weight * answer.x) as b,
        sum(member.weight * answer.y) as a,
        sum(member.weight * answer.y * answer.y) as ayy,
        sum(member.weight * member.weight * answer.x * answer.x) as bb,
        sum(member.weight * member.weight * answer.y * answer.x) as ab,
        sum(member.weight * member.weight * answer.y * answer.y) as aa
    from {{ ref('int_survey_answers__scored') }} as answer
    inner join member on answer.respondent_number = member.respondent_number
    where answer.wave_number = {{ this_wave() }} and answer.is_shared and member.ssu_number is null
    group by member.piece_number, answer.base_number, answer.option_number

    union all

    select
        piece_number,
        base_number,
        option_number,
        max(shift) as shift,
        sum(base_count) as base_count,
        sum(answer_count) as answer_count,
        sum(weight) as weight,
        sum(b) as b,
        sum(a) as a,
        sum(ayy) as ayy,
        coalesce(sum(ssu_b * ssu_b) filter (where is_first), 0) as bb,
        sum(a * ssu_b) as ab,
        sum(a * a) as aa
    from ssu_sum
    group by piece_number, base_number, option_number
),

piece_design as (
    select distinct
        piece.piece_number,
        psu.m_c,
        psu.second_stage,
        psu.square_factor
    from piece
    inner join psu on piece.psu_number = psu.psu_number
),

piece_base as (
    select
        base.*,
        design.square_factor,
        design.second_stage,
        design.m_c,
        design.square_factor * base.b * base.b
        + design.second_stage * {{ within_psu('design.m_c', 'base.bb', 'base.b', 'base.b') }} as q_bb
    from (
        select
            piece_number,
            base_number,
            sum(base_count) as base_count,
            sum(weight) as weight,
            sum(b) as b,
            sum(bb) as bb
        from summed
        group by piece_number, base_number
    ) as base
    inner join piece_design as design on base.piece_number = design.piece_number
),

-- slot: domain × stratum. Strata with one PSU in the domain share a slot: they need no sum of their own to be centred
slotted as (
    select
        piece_number,
        domain_number,
        is_single,
        case when is_single then centre_factor else 0 end as single_factor,
        case when is_single then 0 else centre_factor end as slot_factor,
        dense_rank() over (order by domain_number, case when is_single then 0 else stratum_number end)::int
            as slot_number
    from (
        select
            piece.piece_number,
            piece.domain_number,
            psu.stratum_number,
            psu.centre_factor,
            count(*) over (partition by piece.domain_number, psu.stratum_number) = 1 as is_single
        from piece
        inner join psu on piece.psu_number = psu.psu_number
    ) as counted
),

slot_base as (
    select
        slotted.slot_number,
        base.base_number,
        min(slotted.domain_number) as domain_number,
        max(slotted.slot_factor) as slot_factor,
        count(*) as psu_count,
        case when bool_or(slotted.is_single) then count(*) else 1 end as stratum_count,
        sum(base.base_count) as base_count,
        sum(base.weight) as weight,
        sum(base.b) as b,
        sum(base.q_bb - slotted.single_factor * base.b * base.b) as q_bb
    from piece_base as base
    inner join slotted on base.piece_number = slotted.piece_number
    group by slotted.slot_number, base.base_number
),

slot_option as (
    select
        slotted.slot_number,
        given.base_number,
        given.option_number,
        max(given.shift) as shift,
        sum(given.answer_count) as answer_count,
        sum(given.a) as a,
        sum(given.ayy) as ayy,
        sum(given.q_aa - slotted.single_factor * given.a * given.a) as q_aa,
        sum(given.q_ab - slotted.single_factor * given.a * given.psu_b) as q_ab
    from (
        select
            summed.piece_number,
            summed.base_number,
            summed.option_number,
            summed.shift,
            summed.answer_count,
            summed.a,
            summed.ayy,
            base.b as psu_b,
            base.square_factor * summed.a * summed.a
            + base.second_stage * {{ within_psu('base.m_c', 'summed.aa', 'summed.a', 'summed.a') }} as q_aa,
            base.square_factor * summed.a * base.b
            + base.second_stage * {{ within_psu('base.m_c', 'summed.ab', 'summed.a', 'base.b') }} as q_ab
        from summed
        inner join piece_base as base
            on summed.piece_number = base.piece_number and summed.base_number = base.base_number
    ) as given
    inner join slotted on given.piece_number = slotted.piece_number
    group by slotted.slot_number, given.base_number, given.option_number
),

option_total as (
    select
        base.domain_number,
        given.base_number,
        given.option_number,
        max(given.shift) as shift,
        sum(given.answer_count)::bigint as answer_count,
        sum(given.a) as a,
        sum(given.ayy) as ayy,
        sum(given.q_aa - base.slot_factor * given.a * given.a) as q_aa,
        sum(given.q_ab - base.slot_factor * given.a * base.b) as q_ab
    from slot_option as given
    inner join slot_base as base
        on given.slot_number = base.slot_number and given.base_number = base.base_number
    group by base.domain_number, given.base_number, given.option_number
),

base_total as (
    select
        domain_number,
        base_number,
        sum(q_bb - slot_factor * b * b) as q_bb,
        sum(b) as denominator_total,
        sum(weight) as base_weighted_count,
        sum(base_count)::bigint as base_unweighted_count,
        sum(psu_count)::int as psu_count,
        sum(stratum_count)::int as stratum_count
    from slot_base
    group by domain_number, base_number
)

select
    base.domain_number,
    base.base_number / 2 as item_number,
    case base.base_number % 2 when 1 then 'substantive' else 'all' end as base_code,
    given.option_number,
    given.shift,
    given.answer_count as answer_unweighted_count,
    given.a as answer_weighted_total,
    given.ayy as answer_weighted_square_total,
    given.q_aa,
    given.q_ab,
    base.q_bb,
    base.denominator_total,
    base.base_weighted_count,
    base.base_unweighted_count,
    base.psu_count,
    base.stratum_count
from option_total as given
inner join base_total as base
    on given.domain_number = base.domain_number and given.base_number = base.base_number
