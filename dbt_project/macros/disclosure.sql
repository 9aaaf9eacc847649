{# Counts are published to the nearest five. #}
{% macro rounded_base(expression) -%}
    (round(({{ expression }})::numeric / 5) * 5)::bigint
{%- endmacro %}

{# Shares are published to 0.1 point. #}
{% macro rounded_share(expression) -%}
    round(({{ expression }})::numeric, 3)
{%- endmacro %}
