{# Layers are schemas, by their own name; a release model says rel_<n> itself (an environment variable read here would
   make dbt parse the whole project again each night). #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

{# A surrogate key: md5 of natural keys, so that a rebuild gives the same key. #}
{% macro key(columns) -%}
    md5({% for column in columns %}{{ column }}{{ " || '|' || " if not loop.last }}{% endfor %})
{%- endmacro %}

{# A release table has its core table's name; a model's must be its own, so the file is release__<name>. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ custom_alias_name or node.name.removeprefix('release__') }}
{%- endmacro %}
