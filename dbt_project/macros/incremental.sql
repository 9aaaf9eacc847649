{# The table an earlier night built, or nothing. Not ref(): what is asked is what changed since. #}
{% macro previous_build(model_name) -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {{ return(adapter.get_relation(database=target.database, schema='core', identifier=model_name)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# One digest of the code and the reference data behind a result: a changed model recomputes it. #}
{% macro code_digest(names) -%}
    {%- set checksums = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.name in names and node.resource_type in ['model', 'seed'] -%}
            {%- do checksums.append(node.name ~ ':' ~ node.checksum.checksum) -%}
        {%- endfor -%}
        {%- if checksums | length != names | length -%}
            {{ exceptions.raise_compiler_error('code_digest: unknown model among ' ~ names) }}
        {%- endif -%}
    {%- endif -%}
    '{{ local_md5(checksums | sort | join(',')) }}'
{%- endmacro %}

{# What is computed anew goes first: delete+insert alone keeps the old rows of a day or period that has no rows any more. #}
{% macro forget(columns, changed) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where ({{ columns | join(', ') }}) in (select {{ columns | join(', ') }} from {{ changed }})
    {%- endif -%}
{%- endmacro %}

{# So do a changed wave's rows, of which there may be none any more. #}
{% macro forget_changed_waves() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where wave_key in (
            select wave_key from {{ ref('int_survey_waves__changed') }} where not is_partner
        )
    {%- endif -%}
{%- endmacro %}
