import AdminProtocol

/// The unit that undoes what nobody has confirmed: root's, and there after a reboot as well.
struct UndoTimer {
    static let unit = "twostep-undo.timer"

    let host: any StackHost

    /// Throws where nothing would undo anything.
    func check() throws(CommandFailure) {
        guard host.runsSystemd else {
            throw refusal("systemd does not run this machine")
        }
        guard let shown = host.run("systemctl", ["cat", UndoTimer.unit]) else { throw refusal("there is no systemctl") }
        guard shown.succeeded else { throw refusal("the unit \(UndoTimer.unit) is not installed") }
    }

    /// Has it run from now on, and after each boot.
    func start() throws(CommandFailure) {
        guard let result = host.run("systemctl", ["enable", "--now", UndoTimer.unit]), result.succeeded else {
            throw refusal("\(UndoTimer.unit) cannot be started")
        }
    }

    /// Has it run no more. Where that fails it finds nothing to do.
    func stop() { _ = host.run("systemctl", ["disable", "--now", UndoTimer.unit]) }

    private func refusal(_ why: String) -> CommandFailure {
        CommandFailure(
            .refused, code: .pending, "Nothing would undo the change: \(why). Nothing was changed.",
            hint: "Leave a root shell open and do it without --confirm-within; back leads: twostep disable SERVICE")
    }
}
