//! Whose models a provider serves: the catalogue's facts and prices are of a vendor.

use super::table::ALL;
use baton_model::Dialect;

/// The vendor behind a provider, in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueVendor {
    /// Its name.
    pub name: String,
    /// The region that the address serves from alone: `eu` of `eu.api.openai.com`.
    pub region: Option<String>,
}

/// The vendor of a provider, by what is said of it: its name in the catalogue, its own name, its kind, its address.
/// `None` if it is merely compatible: a server of one's own may call its model `gpt-4o` too, and nobody is billed for it.
pub fn catalogue_vendor(
    catalogue: Option<&str>,
    name: &str,
    kind: &str,
    base_url: Option<&str>,
) -> Option<CatalogueVendor> {
    let of_address = base_url.and_then(by_address);
    if let Some(catalogue) = catalogue {
        let region = of_address.filter(|vendor| vendor.name == catalogue).and_then(|vendor| vendor.region);
        return Some(CatalogueVendor { name: catalogue.to_owned(), region });
    }
    if of_address.is_some() {
        return of_address;
    }
    let preset = ALL.iter().find(|preset| preset.name.eq_ignore_ascii_case(kind))?;
    // An address of its own may be anybody's; one who names the provider after the vendor says that it is the
    // vendor's. An Ollama has the same models wherever it runs, and no prices.
    let own = base_url.is_none() || name == preset.name || preset.dialect == Dialect::Ollama;
    own.then(|| CatalogueVendor { name: preset.catalogue.unwrap_or(preset.name).to_owned(), region: None })
}

/// The vendor whose address it is, or a region's of it.
fn by_address(base_url: &str) -> Option<CatalogueVendor> {
    let host = host(base_url)?;
    // What is on this machine is nobody's: two servers of one's own may use the same port.
    let hosts = ALL.iter().filter_map(|preset| Some((preset, self::host(preset.base_url?)?)));
    let mut hosts = hosts.filter(|(_, known)| !known.starts_with("127."));
    hosts.find_map(|(preset, known)| {
        let name = preset.catalogue.unwrap_or(preset.name).to_owned();
        if host == known {
            return Some(CatalogueVendor { name, region: None });
        }
        let region = host.strip_suffix(known)?.strip_suffix('.')?;
        // `eu`, `us`, `jp`: a longer name may be of a service beside the vendor's API.
        (region.len() == 2).then(|| CatalogueVendor { name, region: Some(region.to_owned()) })
    })
}

/// The host of an address, without a port.
fn host(address: &str) -> Option<&str> {
    let rest = address.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    host.split(':').next().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_is_found_by_what_is_said_of_the_provider() {
        for (catalogue, name, kind, base_url, expected) in [
            (None, "openai", "openai", None, Some("openai")),
            (None, "mine", "openai", Some("https://api.openai.com/v1"), Some("openai")),
            (None, "mine", "openai-compatible", Some("https://api.groq.com:443/openai/v1"), Some("groq")),
            (None, "mine", "openai", Some("https://eu.api.openai.com/v1"), Some("openai eu")),
            (None, "mine", "openai", Some("https://proxy.api.openai.com/v1"), None),
            (None, "mine", "openai", Some("https://api.openai.com.evil.example/v1"), None),
            (None, "mine", "openai", Some("https://llm.example/v1"), None),
            // Who names it after the vendor says that a proxy in between is the vendor's.
            (None, "openai", "openai", Some("https://llm.example/v1"), Some("openai")),
            (Some("openai"), "mine", "openai", Some("https://llm.example/v1"), Some("openai")),
            (Some("openai"), "mine", "openai", Some("https://us.api.openai.com/v1"), Some("openai us")),
            (None, "mine", "openai", Some("http://127.0.0.1:8080/v1"), None),
            (None, "house", "ollama", Some("http://10.0.0.7:11434"), Some("ollama")),
            (None, "a", "azure-deployments", None, Some("azure")),
            (None, "a", "nobody", None, None),
        ] {
            let found = catalogue_vendor(catalogue, name, kind, base_url).map(|vendor| match vendor.region {
                Some(region) => format!("{} {region}", vendor.name),
                None => vendor.name,
            });
            assert_eq!(found.as_deref(), expected, "{catalogue:?} {name} {kind} {base_url:?}");
        }
    }
}
