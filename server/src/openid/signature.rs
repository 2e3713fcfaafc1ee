//! Signatures of tokens, checked by the library that TLS uses. `jsonwebtoken` would bring it with
//! features that rebuild everything above it, and a second version of one of its dependencies; so it
//! is told here how to use it as it is.

use std::sync::Once;

use aws_lc_rs::signature::{self as aws, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
};
use signature::Verifier;

/// What a token may be signed with: keys that only the provider has, never a shared secret.
pub(super) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Has `jsonwebtoken` check signatures as it is done here.
pub(super) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: no_signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if PROVIDER.install_default().is_err() {
            tracing::warn!("something else checks signatures of tokens");
        }
    });
}

struct Signature {
    algorithm: Algorithm,
    key: DecodingKey,
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::InvalidAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if !ALGORITHMS.contains(algorithm) || key.family() != family(*algorithm) {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Signature { algorithm: *algorithm, key: key.clone() }))
}

/// The kind of key an algorithm wants.
pub(super) fn family(algorithm: Algorithm) -> AlgorithmFamily {
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => AlgorithmFamily::Hmac,
        Algorithm::ES256 | Algorithm::ES384 => AlgorithmFamily::Ec,
        Algorithm::EdDSA => AlgorithmFamily::Ed,
        _ => AlgorithmFamily::Rsa,
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &aws::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &aws::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &aws::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &aws::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &aws::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &aws::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

impl Verifier<Vec<u8>> for Signature {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let checked = match (self.key.kind(), rsa(self.algorithm)) {
            (DecodingKeyKind::RsaModulusExponent { n, e }, Some(parameters)) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signed)
            }
            (DecodingKeyKind::SecretOrDer(key), None) => match self.algorithm {
                Algorithm::ES256 => UnparsedPublicKey::new(&aws::ECDSA_P256_SHA256_FIXED, key)
                    .verify(message, signed),
                Algorithm::ES384 => UnparsedPublicKey::new(&aws::ECDSA_P384_SHA384_FIXED, key)
                    .verify(message, signed),
                Algorithm::EdDSA => {
                    UnparsedPublicKey::new(&aws::ED25519, key).verify(message, signed)
                }
                _ => return Err(signature::Error::new()),
            },
            _ => return Err(signature::Error::new()),
        };
        checked.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Signature {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
