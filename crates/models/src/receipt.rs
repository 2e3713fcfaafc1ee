//! What the answer to a request has cost, told to whoever asked.

use std::sync::{Arc, Mutex, PoisonError};

/// Which model answered and what that cost, where a gateway is on the way. Put one into
/// [`RequestMetadata::receipt`](crate::RequestMetadata::receipt) of each request of an answer and
/// read it at the end; clones are the same.
///
/// ```
/// use domovoi_models::{ModelRequest, Receipt};
///
/// let receipt = Receipt::new();
/// let mut request = ModelRequest::from("Hello");
/// request.metadata.receipt = Some(receipt.clone());
/// // The gateway calls this:
/// request.metadata.receipt.as_ref().unwrap().add("small", 0.25);
/// assert_eq!((receipt.model().as_deref(), receipt.cost()), (Some("small"), 0.25));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Receipt(Arc<Mutex<Sum>>);

#[derive(Debug, Default)]
struct Sum {
    model: Option<String>,
    cost: f64,
}

impl Receipt {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a request: the model that answered, by the name people know, and the money.
    pub fn add(&self, model: impl Into<String>, cost: f64) {
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sum.model = Some(model.into());
        sum.cost += cost;
    }

    /// The model that answered last.
    #[must_use]
    pub fn model(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).model.clone()
    }

    /// The money of all requests, in the currency of the prices; 0 where there are no prices.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cost
    }
}

impl PartialEq for Receipt {
    /// Whether they are the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Receipt {}
