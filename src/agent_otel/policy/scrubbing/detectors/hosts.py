"""Source hosts, package registries and continuous integration."""

from __future__ import annotations

from functools import partial

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.validators import mixed

__all__ = ["DETECTORS"]

_host = partial(d.token, family="source_hosts")
_host_context = partial(d.context, family="source_hosts")
_registry = partial(d.token, family="registries")
_registry_context = partial(d.context, family="registries")
_ci = partial(d.token, family="ci")
_ci_context = partial(d.context, family="ci")

DETECTORS: tuple[d.Detector, ...] = (
    # Source hosts
    _host("github_token", "GitHub token", "ghp_<a20,>", "gho_<a20,>", "ghr_<a20,>"),
    _host("github_app_token", "GitHub app token", "ghu_<v20,>", "ghs_<v20,>"),
    _host("github_fine_grained_token", "GitHub fine-grained token", "github_pat_<x20,>"),
    _host("gitlab_token", "GitLab personal access token", "glpat-<v16,>"),
    _host("gitlab_deploy_token", "GitLab deploy token", "gldt-<v16,>"),
    _host("gitlab_runner_token", "GitLab runner token", "glrt-<v16,>", "glrtr-<v16,>", "GR1348941<w16,>"),
    _host("gitlab_trigger_token", "GitLab pipeline trigger token", "glptt-<v16,>"),
    _host("gitlab_job_token", "GitLab job token", "glcbt-<v16,>"),
    _host("gitlab_feed_token", "GitLab feed or mail token", "glft-<v16,>", "glimt-<v16,>"),
    _host("gitlab_agent_token", "GitLab agent token", "glagent-<v20,>"),
    _host("gitlab_oauth_secret", "GitLab OAuth secret", "gloas-<v20,>"),
    _host("gitlab_scim_token", "GitLab SCIM token", "glsoat-<v16,>"),
    _host("gitlab_flags_token", "GitLab feature flags token", "glffct-<v16,>", "glwt-<v16,>"),
    _host("bitbucket_app_password", "Bitbucket app password", "ATBB<a24,>", "ATCTT3xFfG<B50,>"),
    _host("atlassian_token", "Atlassian API token", "ATATT3xFfG<B50,>", "ATSTT3xFfG<B50,>"),
    _host_context("gitea_token", "Gitea or Forgejo token", ("gitea", "forgejo", "codeberg"), "<h40>"),
    _host("sourcegraph_token", "Sourcegraph token", "sgp_<h16>_<h40>", "sgp_local_<h40>", "sgp_<h40>", "slk_<h64>"),
    _host_context("gerrit_password", "Gerrit HTTP password", ("gerrit",), "<B44,>"),
    # Registries
    _registry("npm_token", "npm token", "npm_<a30,>"),
    _registry(
        "pypi_token", "PyPI token", "pypi-AgEIcHlwaS5vcmc<w50,>", "pypi-AgENdGVzdC5weXBpLm9yZw<w50,>", "pypi-AgE<w60,>"
    ),
    _registry("rubygems_token", "RubyGems key", "rubygems_<h40,>"),
    _registry("crates_token", "crates.io token", "cio<a32>"),
    _registry("nuget_key", "NuGet key", "oy2<l43>"),
    _registry("docker_hub_token", "Docker Hub token", "dckr_pat_<w20,>", "dckr_oat_<w20,>"),
    _registry("clojars_token", "Clojars token", "CLOJARS_<a60>"),
    _registry(
        "packagist_token",
        "Packagist token",
        "packagist_ort_<h60,>",
        "packagist_ouk_<h60,>",
        "packagist_ack_<h60,>",
        "packagist_oat_<h60,>",
        "packagist_uat_<h60,>",
    ),
    _registry("artifactory_key", "Artifactory key", "AKCp<a60,80>", "cmVmdGtu<a50,70>"),
    _registry_context("jfrog_key", "JFrog key", ("artifactory", "jfrog"), "<a73>", "<b64>"),
    _registry_context("hex_pm_key", "Hex.pm key", ("hex_api", "hexpm"), "<h32>"),
    _registry_context("cloudsmith_key", "Cloudsmith key", ("cloudsmith",), "<h40>"),
    _registry_context("maven_password", "Sonatype user token", ("sonatype", "ossrh"), "<b44>"),
    _registry("jsr_token", "JSR token", "jsrp_<a24,>", "jsrd_<a24,>"),
    _registry("gemfury_token", "Gemfury token", "fury_<a20,>", "fuzz_<a20,>"),
    # Continuous integration and code quality
    _ci("circleci_token", "CircleCI token", "CCIPAT_<a20,24>_<h40>", "CCIPRJ_<a20,24>_<h40>"),
    _ci_context("circleci_plain_token", "CircleCI token without a prefix", ("circleci", "circle_token"), "<h40>"),
    _ci("buildkite_token", "Buildkite token", "bkua_<h40>", "bkat_<a40,>", "bkct_<a40,>"),
    _ci_context("travis_token", "Travis CI token", ("travis",), "<w22>"),
    _ci_context("drone_token", "Drone token", ("drone_",), "<a32>"),
    _ci_context("jenkins_token", "Jenkins token", ("jenkins",), "11<h32>", "<h32>"),
    _ci_context("codecov_token", "Codecov token", ("codecov",), "<uuid>", "<h32>"),
    _ci_context("codacy_token", "Codacy token", ("codacy",), "<a20,32>"),
    _ci_context("coveralls_token", "Coveralls token", ("coveralls",), "<a32,37>"),
    _ci("sonar_token", "SonarQube token", "sqp_<h40>", "squ_<h40>", "sqa_<h40>"),
    _ci_context("sonar_plain_token", "SonarCloud token without a prefix", ("sonar",), "<h40>"),
    _ci("snyk_token", "Snyk token", "snyk_uat.<v40,>", "snyk_sat.<v40,>"),
    _ci_context("snyk_plain_token", "Snyk token (UUID)", ("snyk",), "<uuid>"),
    _ci("harness_token", "Harness token", "pat.<w22>.<a24>.<a20>", "sat.<w22>.<a24>.<a20>"),
    _ci("octopus_key", "Octopus Deploy key", "API-<U25,32>"),
    _ci("teamcity_token", "TeamCity token", "eyJ0eXAiOiAiVENWMiJ9.<w20,>.<w20,>"),
    _ci("prefect_key", "Prefect key", "pnu_<a36>", "pnb_<a36>"),
    _ci("spacelift_key", "Spacelift key", "spacelift_<a32,>"),
    _ci("depot_token", "Depot token", "depot_project_<h40,>", "depot_org_<h40,>", "depot_user_<h40,>"),
    _ci("launchdarkly_key", "LaunchDarkly key", "sdk-<uuid>", "api-<uuid>", "mob-<uuid>"),
    _ci("flagsmith_key", "Flagsmith key", "ser.<a22>"),
    _ci("localstack_token", "LocalStack token", "ls-<a8>-<a4>-<a4>-<a4>-<a12>"),
    _host("phabricator_token", "Phabricator token", "api-<l28>", "cli-<l28>", validate=mixed),
    _registry("openvsx_token", "Open VSX token", "ovsxp_<uuid>"),
    _registry("chromatic_token", "Chromatic token", "chpt_<h12,20>"),
    d.rule(
        "codefresh_key",
        "Codefresh key",
        tuple("0123456789abcdef"),
        r"[0-9a-f]{24}\.[0-9a-f]{32}",
        family="ci",
        triggers=(r"[0-9a-f]{24}\.[0-9a-f]{32}",),
        any_case=False,
        boundary=True,
        exact=True,
        samples=(("see {}", "<h24>.<h32>"),),
    ),
    _ci("appveyor_token", "AppVeyor token", "v2.<l20>", validate=mixed),
    _ci("inngest_key", "Inngest signing key", "signkey-prod-<h32,>", "signkey-test-<h32,>", "signkey-branch-<h32,>"),
    _ci("trigger_key", "Trigger.dev key", "tr_prod_<a20,>", "tr_dev_<a20,>", "tr_pat_<a20,>", "tr_stg_<a20,>"),
)
