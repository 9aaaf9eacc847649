{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- Disclosure control of survey cells, on unweighted counts. A hidden row stays, without any of its measures: the number
-- of respondents would rebuild the share. Hidden for privacy: conf_status A. Hidden as unreliable: conf_status F.
with located as (
    -- the place as it was at the end of fieldwork; else as it is known best
    select distinct on (wave.wave_key, place.place_code)
        wave.wave_key,
        place.place_code,
        place.place_key,
        place.place_level
    from {{ ref('dim_survey') }} as wave
    cross join {{ ref('dim_place') }} as place
    order by
        wave.wave_key asc, place.place_code asc,
        (wave.fieldwork_end_date between place.valid_from and coalesce(place.valid_to, 'infinity')) desc,
        place.valid_from desc
),

-- combinations of groups, or of group and place, are very many: where no base is large enough they are not listed
large as (
    select
        wave_key,
        domain_key
    from {{ ref('fct_survey_estimate') }}
    group by wave_key, domain_key
    having max(base_unweighted_count) >= {{ var('disclosure_min_base') }}
),

judged as (
    select
        estimate.*,
        -- a mean has no presentation standard; without a variance nothing is published either
        coalesce(reliability.reliability_code, case
            when survey.sampling in ('probability', 'census') and estimate.standard_error is null
                then 'suppress_no_variance'
            else 'not_assessed'
        end) as reliability_code,
        estimate.base_unweighted_count < greatest({{ var('disclosure_min_base') }}, case
            when topic.is_sensitive or place.place_level = 'commune' then {{ var('disclosure_k_sensitive') }}
            else {{ var('disclosure_k') }}
        end) as is_disclosive,
        place.place_key
    from {{ ref('fct_survey_estimate') }} as estimate
    inner join {{ ref('dim_survey') }} as survey on estimate.wave_key = survey.wave_key
    inner join {{ ref('dim_question') }} as question on estimate.question_key = question.question_key
    inner join {{ ref('dim_topic') }} as topic on question.topic_code = topic.topic_code
    inner join located as place on estimate.wave_key = place.wave_key and estimate.place_code = place.place_code
    left join {{ source('analysis', 'survey_reliability') }} as reliability
        on estimate.estimate_key = reliability.estimate_key
    where
        estimate.group_dimension = 'all'
        or (estimate.place_code = survey.coverage_place_code and estimate.group_dimension not like '%*%')
        or exists (
            select 1 from large
            where large.wave_key = estimate.wave_key and large.domain_key = estimate.domain_key
        )
),

hidden as (
    select
        *,
        {{ decimals('measure', 'standard_error') }} as decimals,
        is_disclosive or reliability_code like 'suppress%' as is_hidden
    from judged
)

select
    {{ release_id() }} as release_id,
    estimate_key,
    wave_key,
    question_key,
    answer_key,
    answer_code,
    base_code,
    measure,
    domain_key,
    group_key,
    group_dimension,
    group_code,
    place_key,
    place_code,
    case when not is_hidden then round(estimate::numeric, decimals) end as estimate,
    case when not is_hidden then round(standard_error::numeric, decimals + 1) end as standard_error,
    case when not is_hidden then round(ci_low::numeric, decimals) end as ci_low,
    case when not is_hidden then round(ci_high::numeric, decimals) end as ci_high,
    case when not is_hidden then {{ rounded_base('base_unweighted_count') }} end as base_unweighted_count,
    case when not is_hidden then {{ rounded_base('base_weighted_count') }} end as base_weighted_count,
    case when not is_hidden and standard_error is not null then degrees_of_freedom end as degrees_of_freedom,
    case when not is_hidden then round(design_effect::numeric, 2) end as design_effect,
    case when not is_hidden then {{ rounded_base('effective_sample_size') }} end as effective_sample_size,
    case when not is_disclosive then reliability_code end as reliability_code,
    case
        when is_hidden then 'M' when base_unweighted_count < {{ var('disclosure_flag_base') }} then 'U' else 'A'
    end as obs_status,
    case when is_disclosive then 'A' else 'F' end as conf_status
from hidden
