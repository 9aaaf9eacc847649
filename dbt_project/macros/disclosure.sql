{# Counts are published to the nearest five. #}
{% macro rounded_base(expression) -%}
    (round(({{ expression }})::numeric / 5) * 5)::bigint
{%- endmacro %}

{# Shares are published to 0.1 point. #}
{% macro rounded_share(expression) -%}
    round(({{ expression }})::numeric, 3)
{%- endmacro %}

{# Decimals of a share are 3; of a mean or ratio as many as leave its standard error two digits, and no fewer than 3. #}
{% macro decimals(measure, standard_error) -%}
    case
        when {{ measure }} in ('mean', 'ratio') and {{ standard_error }} > 0
            then least(greatest(3, 1 - floor(log({{ standard_error }}))::int), 30)
        else 3
    end
{%- endmacro %}

{# A share of the invited, with its numerator rounded: the exact one would be the number of respondents. #}
{% macro rounded_rate(rate, invited) -%}
    {{ rounded_share('least(' ~ rounded_base(rate ~ ' * ' ~ invited) ~ ' / ' ~ invited ~ '::numeric, 1)') }}
{%- endmacro %}

{# Sites behind a social cell. Items always have a number of them; none at all is a count of a vendor who gives none. #}
{% macro has_enough_sites(domain_count) -%}
    coalesce({{ domain_count }} >= {{ var('disclosure_min_domains') }}, true)
{%- endmacro %}
