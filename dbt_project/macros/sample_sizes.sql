{# ANALYZE of a table from 3,000 rows: sizes and the number of values are all that plans of joins need; 30,000 rows, which
   is the rule, took as long as filling the table. #}
{% macro sample_sizes() -%}
    {%- if model.config.materialized != 'view' -%}
        set local default_statistics_target = 10; analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
