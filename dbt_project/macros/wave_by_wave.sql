{# A table filled with one statement a wave of tonight: sorts and memory stay those of a wave, however many there are.
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
    {%- for wave in waves -%}
        {%- call statement('wave_' ~ wave, auto_begin=False) -%}
            insert into {{ target_relation }} {{ sql | replace(this_wave(), wave | string) }}
        {%- endcall -%}
    {%- endfor -%}

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
