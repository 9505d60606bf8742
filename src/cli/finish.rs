//! What a command does when its audit is done: it reports, and remembers.

use super::memory::Memory;
use super::output::Output;
use super::reports::Reports;
use super::terminal::Color;
use crate::audit::Audit;
use crate::gate::{ExitCode, exit_code};
use crate::report::Format;

/// Writes the reports and adds the audit to the ledger; what straggler ends with.
///
/// Reports say that code. Where a ledger that fails does not change it, they come first, so that nothing that the
/// ledger does keeps them; else as soon as the ledger is done, which has a limit. What becomes of the ledger
/// afterwards, an interrupt as well, changes the code no more.
pub(super) async fn finish(
    reports: &Reports,
    outputs: Vec<(&Format, Output)>,
    audit: &mut Audit,
    memory: &mut Memory,
    color: Color,
) -> ExitCode {
    let is_settled = exit_code(audit) > ExitCode::Unfinished;
    if is_settled {
        let code = reports.write(outputs, audit, None, color).code;
        memory.keep(audit).await;
        return code;
    }
    memory.keep(audit).await;
    memory.tell(audit, ExitCode::Success);
    let code = reports.write(outputs, audit, None, color).code;
    memory.ended(audit, code).await;
    code
}
