{# Sizes of common table expressions are not known to the planner: of its ways to join and group them, hashing alone
   does not turn into hours where it guesses wrong. #}
{% macro large_hashes() -%}
    set local work_mem = '256MB'; set local enable_nestloop = off; set local enable_mergejoin = off;
    set local enable_sort = off; set local max_parallel_workers_per_gather = 0
{%- endmacro %}

{# Second stage of a PSU of m units: m/(m−1) (Σ xy − Σx Σy/m), or Σ xy of a lone unit. #}
{% macro within_psu(m, sum_xy, sum_x, sum_y) -%}
    case
        when {{ m }} > 1 then ({{ m }} * {{ sum_xy }} - {{ sum_x }} * {{ sum_y }}) / ({{ m }} - 1) else {{ sum_xy }}
    end
{%- endmacro %}
