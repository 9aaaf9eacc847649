{# A table filled wave by wave, as many at a time as the server has workers for: sorts and memory are those of a wave on
   each, however many there are. The model becomes a function of the wave, for the planner spreads calls over workers,
   but no query as large as these. Sizes of common table expressions are not known to it: of its ways to join and group
   them, hashing alone does not turn into hours where it guesses wrong.
   `only` (of the model's config) says which waves, as a condition on int_survey_waves__changed. #}
{% materialization wave_by_wave, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set waves = [] -%}
    {%- if execute -%}
        {%- set waves = run_query(
            'select wave_number from ' ~ ref('int_survey_waves__changed')
            ~ ' where ' ~ config.get('only', 'true') ~ ' order by 1'
        ).columns[0].values() -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing_relation is not none -%}
        {%- do adapter.drop_relation(existing_relation) -%}
    {%- endif -%}

    {%- call statement('main') -%}
        {{ create_table_as(False, target_relation, sql | replace(this_wave(), '0')) }}
    {%- endcall -%}
    {%- if waves -%}
        {%- set of_wave = target_relation.incorporate(path={'identifier': this.identifier ~ '__of_wave'}) -%}
        {%- set filled = target_relation.incorporate(path={'identifier': this.identifier ~ '__filled'}) -%}
        {%- set calls = [] -%}
        {%- for wave in waves -%}
            {%- do calls.append('select * from ' ~ of_wave ~ '(' ~ wave ~ ')') -%}
        {%- endfor -%}
        {%- call statement('of_wave') -%}
            create function {{ of_wave }}(int) returns setof {{ target_relation }}
            language sql stable parallel safe cost 1000000 rows 100000
            set work_mem to '256MB' set enable_nestloop to off set enable_mergejoin to off set enable_sort to off
            set max_parallel_workers_per_gather to 0
            as $wave$ {{ sql | replace(this_wave(), '$1') }} $wave$;
            set local parallel_setup_cost to 0; set local parallel_tuple_cost to 0
        {%- endcall -%}
        {%- call statement('filled') -%}
            {{ create_table_as(False, filled, calls | join(' union all ')) }}
        {%- endcall -%}
        {%- call statement('exchange') -%}
            drop function {{ of_wave }}(int);
            drop table {{ target_relation }};
            alter table {{ filled }} rename to {{ target_relation.identifier }}
        {%- endcall -%}
    {%- endif -%}

    {%- do create_indexes(target_relation) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# Stands in a wave_by_wave model for the number of the wave. #}
{% macro this_wave() -%}
    __wave_number__
{%- endmacro %}

{# Landed rows of that wave. Its file is a constant to the planner, which then reads no other wave's rows. #}
{% macro is_of_this_wave(relation) -%}
    {%- for column in ['source_id', 'wave_id', 'file_id'] %}
    {{ 'and ' if not loop.first }}{{ relation }}.{{ column }} = (
        select {{ column }} from {{ ref('int_survey_waves__changed') }} where wave_number = {{ this_wave() }}
    )
    {%- endfor %}
{%- endmacro %}
