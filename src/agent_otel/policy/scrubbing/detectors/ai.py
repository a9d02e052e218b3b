"""Providers of models and of tools around them."""

from __future__ import annotations

from functools import partial

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.validators import mixed

__all__ = ["DETECTORS"]

_token = partial(d.token, family="ai")
_context = partial(d.context, family="ai")

DETECTORS: tuple[d.Detector, ...] = (
    _token("openai_key", "OpenAI key", "sk-proj-<w20,>", "sk-svcacct-<w20,>", "sk-admin-<w20,>", "sk-None-<w20,>"),
    _token("openai_session", "OpenAI session", "sess-<a40>"),
    _token("anthropic_key", "Anthropic key", "sk-ant-api03-<w20,>", "sk-ant-admin01-<w20,>", "sk-ant-<w24,>"),
    _token(
        "anthropic_oauth_token",
        "Anthropic OAuth token",
        "sk-ant-oat01-<w20,>",
        "sk-ant-ort01-<w20,>",
        "sk-ant-sid01-<w20,>",
    ),
    _token("openrouter_key", "OpenRouter key", "sk-or-v1-<h20,>", "sk-or-<w20,>"),
    _token("langfuse_key", "Langfuse secret key", "sk-lf-<uuid>"),
    _token("helicone_key", "Helicone key", "sk-helicone-<w15,>", "pk-helicone-<w15,>"),
    _token("secret_key_token", "key of the form that many providers share", "sk-<w20,>", validate=mixed),
    _token("groq_key", "Groq key", "gsk_<a30,>"),
    _token("xai_key", "xAI key", "xai-<a60,>"),
    _token("huggingface_token", "Hugging Face token", "hf_<a30,>", "api_org_<a30,>"),
    _token("replicate_token", "Replicate token", "r8_<a37>"),
    _token("perplexity_key", "Perplexity key", "pplx-<a40,>"),
    _token("cerebras_key", "Cerebras key", "csk-<l48>"),
    _token("nvidia_key", "NVIDIA API key", "nvapi-<w40,>"),
    _token("fireworks_key", "Fireworks key", "fw_<a22,24>", "fpk_<a20,>", validate=mixed),
    _token("together_key", "Together key", "tgp_v1_<w40,>"),
    _token("elevenlabs_key", "ElevenLabs key", "sk_<h48>"),
    _token("langsmith_key", "LangSmith key", "lsv2_pt_<h32>_<h10>", "lsv2_sk_<h32>_<h10>", "ls__<h32>"),
    _token("pinecone_key", "Pinecone key", "pcsk_<x40,>"),
    _token("tavily_key", "Tavily key", "tvly-<w24,>"),
    _token("firecrawl_key", "Firecrawl key", "fc-<h32>"),
    _token("jina_key", "Jina key", "jina_<w40,>"),
    _token("voyage_key", "Voyage key", "pa-<w40,48>", "al-<w40,48>", validate=mixed),
    _token("modal_token", "Modal token", "ak-<a22>", "as-<a22>", validate=mixed),
    _token("runpod_key", "RunPod key", "rpa_<U40,>"),
    _token("e2b_key", "E2B key", "e2b_<h40>"),
    _token("cursor_key", "Cursor key", "key_<h64>", "crsr_<h64>"),
    _token("braintrust_key", "Braintrust key", "bt-st-<a40,>"),
    _token("llamacloud_key", "LlamaCloud key", "llx-<a40,>"),
    _token("friendli_token", "Friendli token", "flp_<a40,>"),
    _token("mem0_key", "Mem0 key", "m0-<a40>"),
    _token("browserbase_key", "Browserbase key", "bb_live_<w24,>", "bb_test_<w24,>"),
    _token("apify_token", "Apify token", "apify_api_<a30,>", "apify_proxy_<a30,>"),
    _token("wandb_key", "Weights & Biases key", "wandb_v1_<w40,>"),
    _context("wandb_plain_key", "Weights & Biases key without a prefix", ("wandb",), "<h40>"),
    _context("zhipu_key", "Zhipu key", ("zhipu", "bigmodel", "glm_api"), "<h32>.<a16>"),
    _context("cohere_key", "Cohere key", ("cohere", "co_api"), "<a40>"),
    _context("mistral_key", "Mistral key", ("mistral",), "<a32>"),
    _context("deepgram_key", "Deepgram key", ("deepgram",), "<h40>"),
    _context("assemblyai_key", "AssemblyAI key", ("assemblyai",), "<h32>"),
    _context("deepinfra_key", "DeepInfra key", ("deepinfra",), "<a32>"),
    _context("ai21_key", "AI21 key", ("ai21",), "<a32>"),
    _context("azure_openai_key", "Azure OpenAI key", ("azure_openai", "openai_api"), "<h32>"),
    _context("exa_key", "Exa key", ("exa_api",), "<uuid>"),
    _context("serpapi_key", "SerpApi key", ("serpapi", "serp_api"), "<h64>"),
    _context("serper_key", "Serper key", ("serper",), "<h40>"),
    _context("brave_key", "Brave search key", ("brave_",), "BSA<w26,29>"),
    _context("weaviate_key", "Weaviate key", ("weaviate", "wcs_api"), "<a36,40>", "<B60,>"),
    _context("baseten_key", "Baseten key", ("baseten",), "<a8>.<a32>"),
    _context("stability_key", "Stability key", ("stability", "dreamstudio"), "<a48>"),
    _context("clarifai_key", "Clarifai key", ("clarifai",), "<h32>"),
    _context("comet_key", "Comet key", ("comet_", "opik"), "<a25>"),
)
