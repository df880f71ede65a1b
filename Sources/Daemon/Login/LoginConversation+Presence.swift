import Authentication

/// Modules for people who sit at the machine.
extension LoginConversation {
    /// Those of a step's modules that can be asked for here: all of them at the machine itself, and elsewhere, or where
    /// that cannot be told, those alone that need nobody there.
    func withModulesHere(_ modules: [any AuthModule], _ body: @escaping ([any AuthModule]) -> Void) {
        guard modules.contains(where: \.needsPresence) else { return body(modules) }
        whereLocal { isLocal in
            let here = isLocal ? modules : modules.filter { !$0.needsPresence }
            guard !here.isEmpty else { return self.failed(.notLocal) }
            body(here)
        }
    }

    /// Finds out, once for a login, whether it is asked for at the machine's own seat.
    private func whereLocal(_ body: @escaping (Bool) -> Void) {
        if let isLocal { return body(isLocal) }
        guard request.mayBeLocal, record.process > 0 else { return body(false) }
        let processes = service.processes
        let process = record.process
        let console = Match.place(of: request) == .local ? request.terminal : nil
        service.directory.ask(for: lookUpPayer) { _ in
            processes.isAtSeat(process, console: console)
        } then: { found in
            guard !self.isOver else { return }
            self.isLocal = found ?? false
            body(found ?? false)
        }
    }
}
