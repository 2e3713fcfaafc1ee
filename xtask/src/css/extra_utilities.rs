//! Utilities of Tailwind that encre-css lacks.

use encre_css::{Config, prelude::build_plugin::*};

/// `size-4`: width and height in one.
const SIZE: StaticPlugin = Plugin::Spacing(Spacing {
    namespace: "size",
    prop: MultipleProps(&["width", "height"]),
    has_auto: Some(true),
    has_full: Some(true),
    ..Spacing::default()
});

/// `outline-none`: no outline at all; what replaces it is the component's business.
const OUTLINE_NONE: StaticPlugin = Plugin::ListValues(ListValues {
    prop: SingleProp("outline-style"),
    values: map! { "outline-none" => "none" },
    ..ListValues::default()
});

/// Makes them known.
pub(super) fn register(config: &mut Config) {
    config.register_plugin(&SIZE);
    config.register_plugin(&OUTLINE_NONE);
}
