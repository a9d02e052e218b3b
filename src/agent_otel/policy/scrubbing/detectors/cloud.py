"""Cloud providers, platforms and their storage."""

from __future__ import annotations

from functools import partial

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.validators import coded, mixed, random_run

__all__ = ["DETECTORS"]

_token = partial(d.token, family="cloud")
_context = partial(d.context, family="cloud")
_rule = partial(d.rule, family="cloud")

DETECTORS: tuple[d.Detector, ...] = (
    # Amazon
    _token("aws_access_key_id", "AWS access key id", "AKIA<216>", "ASIA<216>", "ABIA<216>", "ACCA<216>"),
    _context("aws_secret_access_key", "AWS secret access key", ("aws_secret", "aws_sec", "secretaccesskey"), "<b40>"),
    _token("aws_session_token", "AWS session token", "IQoJb3JpZ2luX2Vj<B60,>", "FwoGZXIvYXdz<B60,>"),
    _token("aws_bedrock_api_key", "Amazon Bedrock API key", "ABSK<B100,>", "bedrock-api-key-<B60,>"),
    _rule(
        "aws_presigned_url",
        "signature of a presigned AWS address",
        ("X-Amz-Signature", "X-Amz-Security-Token"),
        r"(?i:X-Amz-(?:Signature|Security-Token))(?:=|%3[dD])(?P<secret>[A-Za-z0-9%/+=_.-]{16,})",
        reach=4096,
        samples=(("https://bucket.s3.amazonaws.com/a?X-Amz-Signature={}", "<h64>"),),
    ),
    _token("aws_mws_token", "Amazon marketplace token", "amzn.mws.<uuid>"),
    _token("amazon_oauth_secret", "Amazon OAuth client secret", "amzn1.oa2-cs.v1.<h64>"),
    # Google
    _token("google_api_key", "Google API key", "AIza<w35>"),
    _token("google_oauth_secret", "Google OAuth client secret", "GOCSPX-<w20,>"),
    _token("google_oauth_token", "Google OAuth access token", "ya29.<v20,>"),
    _token("google_refresh_token", "Google OAuth refresh token", "1//0<w30,>"),
    _token("google_auth_code", "Google OAuth authorisation code", "4/0A<w30,>"),
    _token("google_hmac_key", "Google Cloud storage HMAC key id", "GOOG1E<U55,57>", "GOOG<U20>"),
    _token("firebase_messaging_key", "Firebase cloud messaging key", "AAAA<w7>:APA91b<w100,>"),
    # Microsoft
    _token("azure_client_secret", "Azure application secret", "<q3>8Q~<q31,34>", "<q3>7Q~<q31,34>"),
    _rule(
        "azure_storage_key",
        "key of an Azure connection string",
        ("AccountKey", "SharedAccessKey", "SharedSecretValue"),
        r"(?i:AccountKey|SharedAccessKey|SharedSecretValue)\s*=\s*(?P<secret>[A-Za-z0-9+/]{20,}={0,2})",
        samples=(
            ("DefaultEndpointsProtocol=https;AccountName=store;AccountKey={};EndpointSuffix=core", "<b86>=="),
            ("Endpoint=sb://bus.example;SharedAccessKeyName=all;SharedAccessKey={}", "<b43>="),
        ),
    ),
    _rule(
        "azure_sas_signature",
        "signature of an Azure shared access address",
        ("sig=",),
        r"sig=(?P<secret>[A-Za-z0-9%/+_-]{40,}={0,2})",
        boundary=True,
        triggers=("sig=[A-Za-z0-9%/+_-]{8}",),
        samples=(("https://store.blob.example/c?sv=2024-01-01&sp=r&sig={}", "<b43>%3D"),),
    ),
    _token("azure_devops_token", "Azure DevOps personal access token", "<a76>AZDO<a4>"),
    _token("azure_ai_key", "Azure AI key", "<a52>JQQJ99<a18,30>"),
    _token("azure_registry_key", "Azure container registry key", "<b42>+ACR<a6>"),
    _token("azure_search_key", "Azure search key", "<a42>AzSe<a6>"),
    _token("azure_function_key", "Azure Functions key", "<w44>AzFu<w5>Q=="),
    _token("azure_cosmos_key", "Azure Cosmos DB key", "<b76>ACDb<b5>Q=="),
    _token("azure_account_key", "Azure storage account key", "<b76>+ASt<b6>=="),
    _token(
        "azure_bus_key", "Azure messaging key", "<b33>+ASb<b6>=", "<b33>+AEh<b6>=", "<b33>+ARm<b6>=", "<b33>AIoT<b6>="
    ),
    _token("azure_redis_key", "Azure cache key", "<b33>AzCa<b6>="),
    _token("azure_batch_key", "Azure Batch key", "<b76>+ABa<b6>=="),
    _token("azure_api_management_key", "Azure API Management key", "<b76>APIm<b5>Q=="),
    # Others
    _token("digitalocean_token", "DigitalOcean token", "dop_v1_<h32,>", "doo_v1_<h32,>", "dor_v1_<h32,>"),
    _context("digitalocean_spaces_key", "DigitalOcean Spaces key", ("spaces_secret", "digitalocean"), "<b43>", "<h64>"),
    _token("alibaba_access_key_id", "Alibaba Cloud access key id", "LTAI<a12,30>"),
    _context("alibaba_secret", "Alibaba Cloud access key secret", ("alibaba", "aliyun"), "<a30>"),
    _token("tencent_secret_id", "Tencent Cloud secret id", "AKID<a32,36>"),
    _context("ibm_cloud_key", "IBM Cloud API key", ("ibmcloud", "ibm_cloud", "bluemix"), "<w44>"),
    _token("yandex_api_key", "Yandex Cloud API key", "AQVN<w35,38>"),
    _token("yandex_iam_token", "Yandex Cloud IAM token", "t1.<w20,>.<w60,>"),
    _token("yandex_static_key", "Yandex Cloud static key", "YCAJE<w15,>"),
    _context("yandex_static_secret", "Yandex Cloud static secret", ("yandex", "yc_secret", "aws_secret"), "YC<w38>"),
    _token("oracle_session_token", "Oracle Cloud session token", "ST$<v60,>"),
    _context("hetzner_token", "Hetzner Cloud token", ("hcloud", "hetzner"), "<a64>"),
    _context("linode_token", "Linode token", ("linode",), "<h64>"),
    _context("vultr_key", "Vultr API key", ("vultr",), "<U36>"),
    _token("scaleway_access_key", "Scaleway access key", "SCW<U17>", validate=random_run),
    _context("scaleway_secret", "Scaleway secret key", ("scaleway", "scw_secret"), "<uuid>"),
    _context("ovh_key", "OVHcloud key", ("ovh_",), "<a32>", "<a16>"),
    _token("exoscale_key", "Exoscale key", "EXO<h24,>"),
    _token("heroku_api_key", "Heroku API key", "HRKU-<w30,>"),
    _token("upcloud_token", "UpCloud token", "ucat_<U26>"),
    _context("heroku_uuid_key", "Heroku API key (UUID)", ("heroku",), "<uuid>"),
    _token("fly_token", "Fly.io token", "fm2_<b60,>", "FlyV1 fm2_<b60,>", "fm1r_<b60,>", "fo1_<w40,>"),
    _token("render_api_key", "Render API key", "rnd_<a20,>"),
    _context("railway_token", "Railway token", ("railway",), "<uuid>"),
    _token("netlify_token", "Netlify token", "nfp_<a30,>", "nfc_<a30,>", "nfo_<a30,>", "nfu_<a30,>"),
    _token("vercel_token", "Vercel token", "vcp_<a24,>", "vci_<a24,>", "vca_<a24,>", "vcr_<a24,>", "vck_<a24,>"),
    _context("vercel_plain_token", "Vercel token without a prefix", ("vercel",), "<a24>"),
    _token("vercel_blob_token", "Vercel blob token", "vercel_blob_rw_<a16>_<a24,40>"),
    _token("pulumi_token", "Pulumi access token", "pul-<h40>"),
    _token("terraform_token", "Terraform Cloud token", "<a14>.atlasv1.<w50,>"),
    _token("vault_token", "HashiCorp Vault token", "hvs.<w24,>", "hvb.<w24,>", "hvr.<w24,>"),
    _rule(
        "vault_old_token",
        "HashiCorp Vault token of older versions",
        ("s.",),
        r"s\.[A-Za-z0-9]{24}",
        triggers=(r"s\.[A-Za-z0-9]{24}",),
        any_case=False,
        boundary=True,
        exact=True,
        validate=coded,
        samples=(("see {}", "s.<a24>"),),
    ),
    _token("doppler_token", "Doppler token", "dp.pt.<a40,>", "dp.ct.<a40,>", "dp.sa.<a40,>", "dp.scim.<a40,>"),
    _token("doppler_service_token", "Doppler service token", "dp.st.<v2,35>.<a40,>", "dp.audit.<a40,>", "dp.st.<a40,>"),
    _token("infisical_token", "Infisical service token", "st.<h24>.<h32>.<h32>"),
    _token("onepassword_token", "1Password service account token", "ops_eyJ<B200,>"),
    _token(
        "onepassword_secret_key",
        "1Password secret key",
        "A3-<U6>-<U6>-<U5>-<U5>-<U5>-<U5>",
        "A3-<U6>-<U11>-<U5>-<U5>-<U5>",
        "A3-<U6>-<U6>-<U5>-<U5>-<U5>",
    ),
    _token("bitwarden_token", "Bitwarden secrets manager token", "0.<uuid>.<a30>:<b22,24>=="),
    _token("tailscale_key", "Tailscale key", "tskey-<L3,8>-<a8,>-<a10,>", "tskey-<w20,>"),
    _context("ngrok_token", "ngrok token", ("ngrok",), "<a26,27>_<a20,24>"),
    _token("age_secret_key", "age secret key", "AGE-SECRET-KEY-1<U58>"),
    _token("teleport_token", "Teleport provisioning token", "tpt-<h32,>"),
    _context("kubernetes_join_token", "Kubernetes join token", ("bootstrap-token", "kubeadm"), "<l6>.<l16>"),
    _token("docker_swarm_token", "Docker swarm token", "SWMTKN-1-<l40,60>-<l25>", "SWMKEY-1-<b43>"),
    _token("aws_appsync_key", "AWS AppSync key", "da2-<l26>"),
    _token("digitalocean_spaces_id", "DigitalOcean Spaces key id", "DO00<U16>", "DO801<U15>"),
    _token("yandex_oauth_token", "Yandex OAuth token", "y0_<w50,62>", validate=mixed),
    _token("openshift_token", "OpenShift token", "sha256~<w43>"),
    _token("rancher_token", "Rancher token", "token-<l5>:<l54>"),
    _token("portainer_token", "Portainer token", "ptr_<b43>="),
    _token("cloudflared_token", "Cloudflare tunnel token", "eyJhIjoi<B100,>"),
    _token("scalingo_token", "Scalingo token", "tk-us-<w48>"),
    _token("linode_new_token", "Linode token of a newer form", "akmlin_<h40,>"),
    _token("koyeb_token", "Koyeb token", "koyeb_<a40,>"),
)
