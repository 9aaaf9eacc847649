{# Layers are schemas; the release layer is the candidate's own schema. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name == 'release' -%}
        {{ env_var('OPINION_RELEASE_SCHEMA', 'rel_0') }}
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}

{# The release being built. #}
{% macro release_id() -%}
    {{ env_var('OPINION_RELEASE_ID', '0') }}::bigint
{%- endmacro %}

{# A surrogate key: md5 of natural keys, so that a rebuild gives the same key. #}
{% macro key(columns) -%}
    md5({% for column in columns %}{{ column }}{{ " || '|' || " if not loop.last }}{% endfor %})
{%- endmacro %}

{# A release table has its core table's name; a model's must be its own, so the file is release__<name>. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ custom_alias_name or node.name.removeprefix('release__') }}
{%- endmacro %}
