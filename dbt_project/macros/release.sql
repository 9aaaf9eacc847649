{# The release being built. #}
{% macro release_id() -%}
    {{ env_var('OPINION_RELEASE_ID', '0') }}::bigint
{%- endmacro %}
