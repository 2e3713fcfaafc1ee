//! The tools of the assistant.

use std::{collections::BTreeSet, sync::Arc};

use domovoi_agents::{Context, chat::Tool};
use domovoi_tools::reminders;

use super::Assistant;
use crate::{
    config::{BuiltinTool, Config},
    gateway::DEFAULT_ROUTE,
};

/// Those it comes with, and those that were added to the server.
#[derive(Clone, Default)]
pub(crate) struct AssistantTools {
    tools: Vec<Arc<dyn Tool>>,
    reminders: bool,
    /// Routes whose model may use them.
    routes: BTreeSet<String>,
}

impl AssistantTools {
    /// One that was `added` takes the place of one of the same name that the assistant comes with.
    pub(crate) fn new(config: &Config, added: Vec<Arc<dyn Tool>>) -> Self {
        let routes = config.models.keys().map(String::as_str).chain([DEFAULT_ROUTE]);
        let routes: BTreeSet<_> =
            routes.filter(|route| config.uses_tools(route)).map(str::to_owned).collect();
        if routes.is_empty() {
            return Self::default();
        }
        let names: Vec<String> = added.iter().map(|tool| tool.definition().name).collect();
        let mut tools = added;
        let builtin = config.builtin_tools.iter().filter_map(|tool| tool.make());
        tools.extend(builtin.filter(|tool| !names.contains(&tool.definition().name)));
        let reminders = config.builtin_tools.contains(&BuiltinTool::Reminders);
        Self { tools, reminders, routes }
    }

    /// Whether they may set reminders.
    pub(crate) fn set_reminders(&self) -> bool {
        self.reminders
    }

    /// Those that need no conversation, for the default route's model.
    pub(crate) fn outside(&self) -> Vec<Arc<dyn Tool>> {
        if self.routes.contains(DEFAULT_ROUTE) { self.tools.clone() } else { Vec::new() }
    }

    /// Those of a conversation, for the model of a route; none where it may use none.
    pub(crate) fn of(&self, cx: &Context<Assistant>, route: &str) -> Vec<Arc<dyn Tool>> {
        if !self.routes.contains(route) {
            return Vec::new();
        }
        let mut tools = self.tools.clone();
        if self.reminders {
            let names: Vec<String> = tools.iter().map(|tool| tool.definition().name).collect();
            let own = reminders(cx, Assistant::REMIND).into_iter();
            tools.extend(own.filter(|tool| !names.contains(&tool.definition().name)));
        }
        tools
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(config: &str, added: Vec<Arc<dyn Tool>>) -> (Vec<String>, bool) {
        let tools = AssistantTools::new(&Config::parse(config).unwrap(), added);
        let names = tools.tools.iter().map(|tool| tool.definition().name).collect();
        (names, tools.reminders)
    }

    #[test]
    fn an_endpoint_gets_what_is_configured_and_the_embedded_model_nothing() {
        let (all, reminders) = names("[model]\nname = 'gpt'", Vec::new());
        assert_eq!(all, ["time", "calculator", "query_csv", "extract_text", "fetch_page"]);
        assert!(reminders);
        let one = names("builtin_tools = ['time']\n[model]\nname = 'gpt'", Vec::new());
        assert_eq!(one, (vec!["time".to_owned()], false));
        assert_eq!(names("", Vec::new()), (Vec::new(), false));
        assert_eq!(names("[model]\ntools = true", Vec::new()).0.len(), 5);
    }

    #[test]
    fn each_route_has_tools_or_not() {
        let config = "[models]\nfar = ['openai/x']\nnear = ['embedded']";
        let tools = AssistantTools::new(&Config::parse(config).unwrap(), Vec::new());
        assert_eq!(tools.routes.iter().collect::<Vec<_>>(), ["far"]);
    }

    #[test]
    fn a_tool_of_ones_own_takes_the_place_of_one_of_the_same_name() {
        let config = "builtin_tools = ['time', 'calculator']\n[model]\nname = 'gpt'";
        let (all, _) = names(config, vec![Arc::new(domovoi_tools::calculator)]);
        assert_eq!(all, ["calculator", "time"]);
    }
}
