//! Makes functions of the texts in `locales`: a text that is not there does not compile.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    rosetta_build::config()
        .source("en", "locales/en.json")
        .source("de", "locales/de.json")
        .fallback("en")
        .generate()?;
    Ok(())
}
