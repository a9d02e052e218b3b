"""Monitoring, databases, and the tools that teams work with."""

from __future__ import annotations

from functools import partial

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.validators import mixed

__all__ = ["DETECTORS"]

_mon = partial(d.token, family="monitoring")
_mon_context = partial(d.context, family="monitoring")
_db = partial(d.token, family="databases")
_db_context = partial(d.context, family="databases")
_work = partial(d.token, family="workplace")
_work_context = partial(d.context, family="workplace")

DETECTORS: tuple[d.Detector, ...] = (
    # Monitoring
    _mon("grafana_token", "Grafana service account token", "glsa_<a32>_<H8>"),
    _mon("grafana_cloud_token", "Grafana Cloud token", "glc_<B32,>"),
    _mon("sentry_token", "Sentry token", "sntrys_<B40,>", "sntryu_<h64>", "sntrya_<h64>"),
    d.rule(
        "sentry_dsn",
        "Sentry DSN",
        (".ingest.",),
        r"https://(?P<secret>[0-9a-f]{32}(?::[0-9a-f]{32})?)@o?[0-9a-z]+\.ingest\.",
        narrow=lambda value: value.index(b"@"),
        family="monitoring",
        lead=120,
        any_case=False,
        samples=(("https://{}@o12345.ingest.sentry.io/678", "<h32>"),),
    ),
    _mon("newrelic_key", "New Relic key", "NRAK-<U27>", "NRII-<w32>", "NRJS-<h19>", "NRIQ-<w32>", "NRRA-<h42>"),
    _mon("newrelic_license_key", "New Relic licence key", "<h36>NRAL", "<h36>FFFFNRAL"),
    _mon_context("datadog_key", "Datadog key", ("datadog", "dd_api", "dd_app"), "<h40>", "<h32>"),
    _mon("datadog_token", "Datadog token", "ddpat_<a30,>", "ddapp_<a34,>"),
    _mon(
        "honeycomb_key",
        "Honeycomb key",
        "hcaik_<l40,>",
        "hcxik_<l40,>",
        "hcalk_<l40,>",
        "hcxlk_<l40,>",
        "hcxmk_<l26>:<l32>",
    ),
    _mon(
        "dynatrace_token",
        "Dynatrace token",
        "dt0c01.<224>.<264>",
        "dt0s01.<224>.<264>",
        "dt0s02.<v8,24>.<264>",
        "dt0s16.<v8,24>.<264>",
    ),
    _mon_context("pagerduty_key", "PagerDuty key", ("pagerduty", "pager_duty"), "u+<w18>", "<a32>", "<w20>"),
    _mon_context("opsgenie_key", "Opsgenie key", ("opsgenie",), "<uuid>"),
    _mon_context("splunk_token", "Splunk token", ("splunk",), "<uuid>"),
    _mon("elastic_key", "Elastic key", "essu_<B40,>"),
    _mon("posthog_key", "PostHog personal key", "phx_<w40,>", "phs_<w40,>"),
    _mon("axiom_token", "Axiom token", "xaat-<uuid>", "xapt-<uuid>"),
    _mon_context("betterstack_token", "Better Stack token", ("logtail", "betterstack"), "<a24>"),
    _mon_context("sumologic_key", "Sumo Logic key", ("sumologic", "sumo_"), "<a64>", "<a14>"),
    _mon_context("rollbar_token", "Rollbar token", ("rollbar",), "<h32>"),
    _mon_context("bugsnag_key", "Bugsnag key", ("bugsnag",), "<h32>"),
    _mon_context("logzio_token", "Logz.io token", ("logzio", "logz.io"), "<a32>"),
    _mon("coralogix_key", "Coralogix key", "cxtp_<a28,>", "cxup_<a28,>"),
    _mon("checkly_key", "Checkly key", "cu_<h32>"),
    _mon_context("mixpanel_secret", "Mixpanel secret", ("mixpanel",), "<h32>"),
    _mon_context("amplitude_key", "Amplitude key", ("amplitude",), "<h32>"),
    _mon_context("segment_key", "Segment key", ("segment_write", "segment_api"), "<a32>", "<w43>.<w43>"),
    _mon_context("honeybadger_key", "Honeybadger key", ("honeybadger",), "hbp_<a36>", "<h8>"),
    _mon("statsig_key", "Statsig key", "secret-<a40,>", "console-<a40,>", validate=mixed),
    _mon_context("instana_key", "Instana key", ("instana",), "<w22>"),
    # Databases
    _db("planetscale_token", "PlanetScale token", "pscale_tkn_<v30,>", "pscale_pw_<v30,>", "pscale_oauth_<v30,>"),
    _db("supabase_token", "Supabase token", "sbp_<h40>", "sbp_v0_<h40>", "sb_secret_<w20,>"),
    _db("neon_key", "Neon key", "napi_<l40,>"),
    _db("fauna_key", "Fauna key", "fnA<w37>", validate=mixed),
    _db("xata_key", "Xata key", "xau_<a32,>"),
    _db("convex_key", "Convex deploy key", "prod:<w4,40>|<B40,>", "preview:<w4,40>:<w2,40>|<B40,>"),
    _db("aiven_password", "Aiven password", "AVNS_<w15,>"),
    _db("databricks_token", "Databricks token", "dapi<h32>", "dose<h32>", "dkea<h32>"),
    _db("dbt_token", "dbt Cloud token", "dbtc_<w20,>", "dbtu_<w20,>"),
    _db("clickhouse_key", "ClickHouse Cloud key", "4b1d<a38>"),
    _db("tinybird_token", "Tinybird token", "p.eyJ<w40,>.<w20,>"),
    _db("prisma_key", "Prisma key", "prisma+postgres://accelerate.prisma-data.net/?api_key=<B40,>"),
    _db_context("influxdb_token", "InfluxDB token", ("influx",), "<w86>=="),
    _db_context("upstash_token", "Upstash token", ("upstash",), "<B40,>"),
    _db_context("snowflake_secret", "Snowflake secret", ("snowflake",), "<b44>", "<B60,>"),
    _db_context("mongodb_atlas_key", "MongoDB Atlas key", ("mongodb_atlas", "atlas_private"), "<uuid>"),
    _db_context("cockroach_key", "CockroachDB Cloud key", ("cockroach",), "CCDB1_<a22>_<a40>"),
    _db_context("redis_cloud_key", "Redis Cloud key", ("redis_cloud", "rediscloud"), "<a30,60>"),
    # Workplace
    _work("airtable_token", "Airtable token", "pat<a14>.<h64>"),
    _work("notion_token", "Notion token", "ntn_<a40,>", "secret_<a43>"),
    _work("linear_key", "Linear key", "lin_api_<a32,>", "lin_oauth_<a32,>", "lin_wh_<a32,>"),
    _work("figma_token", "Figma token", "figd_<w40,>", "figu_<w40,>", "figo_<w40,>"),
    _work("asana_token", "Asana token", "1/<d13,17>:<h32>", "2/<d13,17>/<d13,17>:<h32>"),
    _work("clickup_token", "ClickUp token", "pk_<d6,10>_<U32>"),
    _work("trello_token", "Trello token", "ATTA<h64>"),
    _work_context("trello_key", "Trello key", ("trello",), "<h32>", "<h64>"),
    _work("postman_key", "Postman key", "PMAK-<h24>-<h34>", "PMAT-<U26>"),
    _work("readme_key", "ReadMe key", "rdme_<l70>"),
    _work("contentful_token", "Contentful token", "CFPAT-<w43>"),
    _work("dropbox_token", "Dropbox token", "sl.u.<w60,>", "sl.<w60,>"),
    _work("hubspot_token", "HubSpot token", "pat-na1-<uuid>", "pat-na2-<uuid>", "pat-eu1-<uuid>", "pat-ap1-<uuid>"),
    _work("salesforce_token", "Salesforce session", "00D<a12>!<v80,>"),
    _work_context("okta_token", "Okta token", ("okta", "ssws"), "00<w40>"),
    _work_context("auth0_secret", "Auth0 secret", ("auth0",), "<w64>"),
    _work("typeform_token", "Typeform token", "tfp_<w40,>"),
    _work("frameio_token", "Frame.io token", "fio-u-<w64>"),
    _work_context("zendesk_token", "Zendesk token", ("zendesk",), "<a40>"),
    _work_context("freshdesk_key", "Freshdesk key", ("freshdesk",), "<a20>"),
    _work_context("jira_token", "Jira token", ("jira", "confluence", "atlassian"), "<a24>"),
    _work_context("monday_token", "monday.com token", ("monday_",), "<B60,>"),
    _work_context("facebook_secret", "Facebook app secret", ("facebook", "fb_app"), "<h32>"),
    _work("facebook_token", "Facebook access token", "EAA<a80,>"),
    _work("instagram_token", "Instagram access token", "IGQV<w60,>", "IGAA<w60,>"),
    _work_context("twitter_secret", "X secret", ("twitter",), "<a50>", "<a45>", "<a25>"),
    _work("twitter_bearer", "X bearer token", "AAAAAAAAAAAAAAAAAAAAA<B60,>"),
    _work_context("linkedin_secret", "LinkedIn secret", ("linkedin",), "<a16>"),
    _work("zapier_hook", "Zapier hook", "hooks.zapier.com/hooks/catch/<d4,>/<a6,>"),
    _work("svix_key", "Svix key", "testsk_<w24,>", "svix_<w24,>"),
    _work("lark_token", "Lark token", "t-g1<a40>", "u-g1<a40>"),
    _work_context("docusign_key", "DocuSign key", ("docusign",), "<uuid>"),
    _work_context("yelp_key", "Yelp key", ("yelp",), "<w128>"),
    _work_context("openweather_key", "OpenWeather key", ("openweather", "owm_api"), "<h32>"),
    _work_context("newsapi_key", "News API key", ("newsapi", "news_api"), "<h32>"),
    _work_context("shodan_key", "Shodan key", ("shodan",), "<a32>"),
    _work_context("virustotal_key", "VirusTotal key", ("virustotal", "vt_api"), "<h64>"),
    _work_context("ipinfo_token", "IPinfo token", ("ipinfo", "ipstack"), "<h14>", "<h32>"),
)
