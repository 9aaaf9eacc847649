{# Second stage of a PSU of m units: m/(m−1) (Σ xy − Σx Σy/m), or Σ xy of a lone unit. #}
{% macro within_psu(m, sum_xy, sum_x, sum_y) -%}
    case
        when {{ m }} > 1 then ({{ m }} * {{ sum_xy }} - {{ sum_x }} * {{ sum_y }}) / ({{ m }} - 1) else {{ sum_xy }}
    end
{%- endmacro %}
