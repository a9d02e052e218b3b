"""Chat, payment, mail and content delivery services."""

from __future__ import annotations

from functools import partial

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.validators import entropy, mixed

__all__ = ["DETECTORS"]

_chat = partial(d.token, family="chat")
_chat_context = partial(d.context, family="chat")
_chat_rule = partial(d.rule, family="chat")
_pay = partial(d.token, family="payment")
_pay_context = partial(d.context, family="payment")
_mail = partial(d.token, family="mail")
_mail_context = partial(d.context, family="mail")
_cdn = partial(d.token, family="cdn")
_cdn_context = partial(d.context, family="cdn")

DETECTORS: tuple[d.Detector, ...] = (
    # Chat and telephony
    _chat("slack_bot_token", "Slack bot token", "xoxb-<w20,>"),
    _chat("slack_user_token", "Slack user token", "xoxp-<w20,>", "xoxc-<w20,>", "xoxd-<B20,>"),
    _chat("slack_legacy_token", "Slack legacy token", "xoxa-<w20,>", "xoxo-<w20,>", "xoxr-<w20,>", "xoxs-<w20,>"),
    _chat("slack_config_token", "Slack configuration token", "xoxe.xoxb-<w20,>", "xoxe.xoxp-<w20,>", "xoxe-<w20,>"),
    _chat("slack_app_token", "Slack app token", "xapp-<d1>-<U9,12>-<d8,>-<a40,>", "xwfp-<w20,>"),
    _chat_rule(
        "slack_webhook",
        "Slack webhook",
        ("hooks.slack.com/",),
        r"(?P<secret>(?:https?:(?://|\\/\\/))?hooks\.slack\.com\\?/(?:services|workflows|triggers)[A-Za-z0-9/_\\-]{20,})",
        lead=12,
        samples=(("see {}", "https://hooks.slack.com/services/T<U9>/B<U9>/<a24>"),),
    ),
    _chat(
        "discord_bot_token",
        "Discord bot token",
        "M<a22,27>.<w6>.<w27,40>",
        "N<a22,27>.<w6>.<w27,40>",
        "O<a22,27>.<w6>.<w27,40>",
    ),
    _chat_rule(
        "discord_webhook",
        "Discord webhook",
        ("/api/webhooks/",),
        r"(?P<secret>(?:https?://[a-z.]{0,24})?/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{40,})",
        lead=36,
        samples=(("see {}", "https://discord.com/api/webhooks/<d18>/<w68>"),),
    ),
    _chat_context("discord_secret", "Discord client secret", ("discord",), "<w32>"),
    _chat("telegram_bot_token", "Telegram bot token", "<d8,10>:AA<w33>", boundary=False),
    _chat_rule(
        "teams_webhook",
        "Microsoft Teams webhook",
        ("webhook.office.com/",),
        r"(?P<secret>(?:https?://[A-Za-z0-9.-]{0,64})?webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{40,})",
        lead=80,
        samples=(("see {}", "https://team.webhook.office.com/webhookb2/<uuid>@<uuid>/IncomingWebhook/<h32>/<uuid>"),),
    ),
    _chat_rule(
        "google_chat_webhook",
        "Google Chat webhook",
        ("chat.googleapis.com/",),
        r"(?P<secret>(?:https?://)?chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]+/messages\?[A-Za-z0-9_&=%-]{20,})",
        lead=8,
        samples=(("see {}", "https://chat.googleapis.com/v1/spaces/<w11>/messages?key=<w39>&token=<w43>"),),
    ),
    _chat("matrix_token", "Matrix access token", "syt_<w4,>_<a20>_<a6>", "mat_<a30>_<a6>"),
    _chat("twitch_token", "Twitch chat token", "oauth:<l30>"),
    _chat_context("line_token", "LINE channel token", ("line_channel", "line_access"), "<B120,>"),
    _chat_context("mattermost_token", "Mattermost token", ("mattermost",), "<l26>"),
    _chat_context("zulip_key", "Zulip key", ("zulip",), "<a32>"),
    _chat_context("webex_token", "Webex token", ("webex",), "<w64>_<w4,8>_<uuid>", "<a64>"),
    _chat("twilio_api_key", "Twilio API key", "SK<h32>"),
    _chat_context("twilio_auth_token", "Twilio auth token", ("twilio",), "<h32>"),
    _chat_context("vonage_secret", "Vonage secret", ("vonage", "nexmo"), "<a16>"),
    _chat_context("messagebird_key", "MessageBird key", ("messagebird",), "<a25>"),
    _chat("telnyx_key", "Telnyx key", "KEY<H32>_<a22>"),
    _chat_context("plivo_token", "Plivo token", ("plivo",), "<a40>"),
    _chat("intercom_token", "Intercom token", "dG9rO<b50,>="),
    # Payment and commerce
    _pay("stripe_secret_key", "Stripe secret key", "sk_live_<a16,>", "sk_test_<a16,>", "sk_org_live_<a16,>"),
    _pay("stripe_restricted_key", "Stripe restricted key", "rk_live_<a16,>", "rk_test_<a16,>"),
    _pay("stripe_webhook_secret", "Stripe webhook secret", "whsec_<B24,>"),
    _pay(
        "square_token",
        "Square token",
        "sq0atp-<w22,>",
        "sq0csp-<w40,>",
        "sq0idp-<w22,>",
        "sandbox-sq0csb-<w40,>",
        "EAAA<w60>",
        validate=lambda value: not value.startswith(b"EAAA") or entropy(value) > 4.6,
    ),
    _pay(
        "braintree_token",
        "PayPal Braintree token",
        "access_token$production$<l16>$<h32>",
        "access_token$sandbox$<l16>$<h32>",
    ),
    _pay_context("paypal_secret", "PayPal secret", ("paypal",), "<w80>"),
    _pay("shopify_token", "Shopify token", "shpat_<H32>", "shpca_<H32>", "shppa_<H32>", "shpss_<H32>", "shpua_<H32>"),
    _pay("razorpay_key", "Razorpay key", "rzp_live_<a14>", "rzp_test_<a14>"),
    _pay("flutterwave_key", "Flutterwave key", "FLWSECK_TEST-<a12,>", "FLWSECK-<a12,>"),
    _pay(
        "plaid_token",
        "Plaid access token",
        "access-production-<uuid>",
        "access-sandbox-<uuid>",
        "access-development-<uuid>",
    ),
    _pay_context("plaid_secret", "Plaid secret", ("plaid",), "<h30>"),
    _pay("adyen_key", "Adyen API key", "AQE<a1>hm<B80,>"),
    _pay("mollie_key", "Mollie key", "live_<a30>", "test_<a30>", validate=mixed),
    _pay("gocardless_token", "GoCardless token", "live_<w40>", "sandbox_<w40>", validate=mixed),
    _pay("paddle_key", "Paddle key", "pdl_live_apikey_<l26>_<a22>_<a3>", "pdl_sdbx_apikey_<l26>_<a22>_<a3>"),
    _pay("mercadopago_token", "Mercado Pago token", "APP_USR-<d12,16>-<d6>-<h32>-<d6,10>"),
    _pay("klarna_key", "Klarna key", "klarna_live_api_<B30,>", "klarna_test_api_<B30,>"),
    _pay("easypost_key", "EasyPost key", "EZAK<a54>", "EZTK<a54>"),
    _pay("shippo_token", "Shippo token", "shippo_live_<h40>", "shippo_test_<h40>"),
    _pay("polar_token", "Polar token", "polar_oat_<a30,>", "polar_pat_<a30,>"),
    _pay("duffel_token", "Duffel token", "duffel_live_<w40,>", "duffel_test_<w40,>"),
    _pay("lob_key", "Lob key", "live_<h35>", "test_<h35>"),
    _pay("checkout_key", "Checkout.com key", "sk_<uuid>", "sk_sbox_<l26,>"),
    _pay_context("coinbase_secret", "Coinbase secret", ("coinbase",), "<w64>", "<a32>"),
    _pay_context(
        "binance_secret", "exchange API secret", ("binance", "kraken", "kucoin", "bitfinex"), "<a64>", "<b86>=="
    ),
    # Mail
    _mail("sendgrid_key", "SendGrid key", "SG.<w16,>.<w16,>"),
    _mail("mailgun_key", "Mailgun key", "key-<h32>", "pubkey-<h32>"),
    _mail("mailgun_new_key", "Mailgun key of the newer form", "<h32>-<h8>-<h8>"),
    _mail("mailchimp_key", "Mailchimp key", "<h32>-us<d1,2>"),
    _mail("mandrill_key", "Mandrill key", "md-<w22>", validate=mixed),
    _mail("resend_key", "Resend key", "re_<a8>_<a20,>", validate=mixed),
    _mail("brevo_key", "Brevo key", "xkeysib-<h64>-<a16>", "xsmtpsib-<h64>-<a16>"),
    _mail("mailersend_token", "MailerSend token", "mlsn.<h64>"),
    _mail("klaviyo_key", "Klaviyo key", "pk_<h34>"),
    _mail("mailerlite_token", "MailerLite token", "mlrt_<a40,>"),
    _mail_context("postmark_token", "Postmark token", ("postmark",), "<uuid>"),
    _mail_context("sparkpost_key", "SparkPost key", ("sparkpost",), "<h40>"),
    _mail_context("mailjet_key", "Mailjet key", ("mailjet", "mj_apikey"), "<h32>"),
    _mail_context("ses_smtp_password", "Amazon SES SMTP password", ("ses_smtp", "smtp_pass"), "<b44>"),
    # Content delivery
    _cdn("cloudflare_origin_key", "Cloudflare origin key", "v1.0-<h24>-<h146>"),
    _cdn("cloudflare_new_token", "Cloudflare token", "cfut_<a40,>", "cfat_<a40,>", "cfk_<a37,>"),
    _cdn_context("cloudflare_token", "Cloudflare token without a prefix", ("cloudflare", "cf_api"), "<w40>", "<h37>"),
    _cdn_context("fastly_token", "Fastly token", ("fastly",), "<w32>"),
    _cdn("akamai_token", "Akamai token", "akab-<l16>-<l16>"),
    _cdn_context("bunny_key", "bunny.net key", ("bunny",), "<uuid><h24>", "<uuid>"),
    _cdn_context("keycdn_key", "KeyCDN key", ("keycdn",), "sk_prod_<b40,>", "<a32>"),
    _cdn("imagekit_key", "ImageKit key", "private_<B24,32>=", validate=mixed),
    _cdn("mapbox_token", "Mapbox secret token", "sk.eyJ<w40,>.<w20,>", "tk.eyJ<w40,>.<w20,>"),
    _cdn_context("cloudinary_secret", "Cloudinary secret", ("cloudinary",), "<w27>"),
    _cdn_context("algolia_key", "Algolia key", ("algolia",), "<h32>"),
    _pay("xendit_key", "Xendit key", "xnd_production_<a40,>", "xnd_development_<a40,>"),
    _pay("woocommerce_key", "WooCommerce key", "ck_<h40>", "cs_<h40>"),
    _pay("omise_key", "Omise key", "skey_<a19,>", "skey_test_<a19,>"),
    _pay("midtrans_key", "Midtrans key", "Mid-server-<w20,>", "SB-Mid-server-<w20,>"),
    _mail("onesignal_key", "OneSignal key", "os_v2_app_<l60,>", "os_v2_org_<l60,>"),
    _mail("nylas_key", "Nylas key", "nyk_v0_<a60,>"),
    _cdn("cloudinary_url", "address of a Cloudinary account", "cloudinary://<d10,20>:<w20,40>@<w3,40>"),
)
