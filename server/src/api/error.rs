//! What goes wrong, in the words of OpenAI's API.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domovoi_models::ModelError;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::people::Scope;

/// An error of the API.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    retry_after_seconds: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind, code: None, param: None, message, retry_after_seconds: None }
    }

    pub(super) fn unauthorised() -> Self {
        let message = "Send a token of `domovoi token create` as `Authorization: Bearer`.";
        let error = Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message);
        Self { code: Some("invalid_api_key"), ..error }
    }

    /// What a token is not good for.
    pub(super) fn forbidden(scope: Scope) -> Self {
        let scope = scope.name();
        let message = format!(
            "This token is not good for that. Make one that is: \
             domovoi token create NAME --scope {scope}"
        );
        let error = Self::new(StatusCode::FORBIDDEN, "invalid_request_error", message);
        Self { code: Some("insufficient_permissions"), ..error }
    }

    pub(super) fn broken() -> Self {
        let message = "The server failed; its log says why.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
    }

    /// A question that cannot be read, and the field it is about.
    pub(super) fn invalid(message: impl Into<String>, param: Option<&str>) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message);
        Self { param: param.map(str::to_owned), ..error }
    }

    pub(super) fn no_model(model: &str) -> Self {
        let message = format!("There is no model `{model}`. GET /v1/models lists those there are.");
        let error = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message);
        Self { code: Some("model_not_found"), param: Some("model".to_owned()), ..error }
    }

    pub(super) fn body(&self) -> Value {
        json!({ "error": {
            "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
        }})
    }
}

impl From<ModelError> for ApiError {
    fn from(error: ModelError) -> Self {
        let message = error.to_string();
        match error {
            ModelError::Loading | ModelError::Unavailable(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", message)
            }
            ModelError::Unsupported(_) => Self::invalid(message, None),
            ModelError::ContextExceeded { .. } => {
                let code = Some("context_length_exceeded");
                Self { code, ..Self::invalid(message, Some("messages")) }
            }
            ModelError::RateLimited { retry_after, .. } => Self {
                retry_after_seconds: retry_after.map(|after| after.as_secs().max(1)),
                code: Some("rate_limit_exceeded"),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "requests", message)
            },
            ModelError::Busy { .. } | ModelError::LimitReached(_) => Self {
                code: Some("rate_limit_exceeded"),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "requests", message)
            },
            ModelError::TimedOut { .. } => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "server_error", message)
            }
            _ => Self::new(StatusCode::BAD_GATEWAY, "server_error", message),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
