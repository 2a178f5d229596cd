//! Which parameters of a client's query reach a provider: those that the API has. All others end here, or a client could
//! say something to a provider in the operator's name (`api-version`, a key).

use baton_web::ClientApi;
use percent_encoding::percent_decode_str;

/// The parameters of each API, by the vendors' references. Lists are made here and not forwarded, so theirs are missing.
const KNOWN: [(ClientApi, &[&str]); 5] = [
    (ClientApi::Native, &[]),
    (ClientApi::OpenAi, &[]),
    (
        ClientApi::Responses,
        &["after", "include", "include[]", "include_obfuscation", "limit", "order", "starting_after", "stream"],
    ),
    // The official SDKs put it behind every path of a beta.
    (ClientApi::Anthropic, &["beta"]),
    (ClientApi::Ollama, &[]),
];

/// The query as it is forwarded, each parameter as it was written; `None` if nothing is left.
pub fn forwarded(api: ClientApi, query: Option<&str>) -> Option<String> {
    let known = KNOWN.into_iter().find(|(of, _)| *of == api).map_or(&[][..], |(_, known)| known);
    let is_known = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default().replace('+', " ");
        // Decoded, because `api%2Dversion` is `api-version` to whoever reads it.
        percent_decode_str(&name).decode_utf8().is_ok_and(|name| known.contains(&name.as_ref()))
    };
    let kept: Vec<&str> = query?.split('&').filter(is_known).collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_parameters_pass() {
        for (api, query, expected) in [
            (ClientApi::OpenAi, "api-version=evil&key=x", None),
            (ClientApi::Anthropic, "beta=true&api-version=evil", Some("beta=true")),
            (ClientApi::Anthropic, "api%2Dversion=evil&%62eta=true&beta", Some("%62eta=true&beta")),
            (
                ClientApi::Responses,
                "include[]=a&include%5B%5D=b&x=1&limit=5",
                Some("include[]=a&include%5B%5D=b&limit=5"),
            ),
            (ClientApi::Ollama, "", None),
        ] {
            assert_eq!(forwarded(api, Some(query)).as_deref(), expected, "{query}");
        }
        assert_eq!(forwarded(ClientApi::Anthropic, None), None);
    }
}
