/// What an outcome means to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "config",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Verdict {
    /// It worked.
    Success,
    /// It failed, and the failure says something about the callee's health.
    Failure,
    /// It says nothing either way: not a success, not a failure.
    Ignore,
    /// The caller dropped the call before it ended.
    Abandoned,
}
