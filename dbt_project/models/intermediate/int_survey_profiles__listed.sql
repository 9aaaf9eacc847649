-- Respondents alike in place and groups are one profile: domains are found once for each, not for each respondent.
select distinct
    respondent.profile_number,
    respondent.wave_number,
    respondent.wave_key,
    respondent.place_code,
    respondent.group_codes,
    wave.source_id,
    wave.coverage_place_code
from {{ ref('int_survey_respondents__weighted') }} as respondent
inner join {{ ref('int_survey_waves__changed') }} as wave on respondent.wave_number = wave.wave_number
