import UnixSocket
public import Wire

/// Runs one call of libpam's to its end and returns the code that libpam is told.
///
/// `arguments` are the words behind the module's name on the PAM line; NULLs in them say nothing.
public func serve<Transaction: PAMTransaction & ~Copyable>(
    _ stage: Stage, flags: CInt, count: CInt, arguments: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    limits: TimeLimits, for transaction: inout Transaction
) -> CInt {
    let line = unsafe PAMLine(count: count, arguments: arguments)
    let ending = converse(stage, flags: flags, line: line, limits: limits, for: &transaction)
    report(ending, line: line, to: &transaction)
    return status(of: ending, at: stage, exemptIsSuccess: line.exemptIsSuccess)
}

private func converse<Transaction: PAMTransaction & ~Copyable>(
    _ stage: Stage, flags: CInt, line: PAMLine, limits: TimeLimits, for transaction: inout Transaction
) -> Ending {
    guard unsafe line.rejected == nil else { return .badArgument }
    // An unnamed service would be judged by the rules for all the others.
    guard hasNamedService(transaction) else { return .badService }
    var request = unsafe Request(stage: stage, flags: flags, provider: line.provider)
    // The person is asked for a name before the daemon's time limits begin to run.
    var isName = false
    guard transaction.askUser({ isName = request.take(user: $0) }) else { return .conversationFailed }
    guard isName else { return .wrongUser(.noName) }
    do throws(WireError) {
        let daemon = try unsafe Listener.connect(to: line.socket, before: .after(milliseconds: limits.connect))
        var conversation = Conversation(with: daemon, flags: flags, limits: limits)
        return conversation.run(request, for: &transaction)
    } catch {
        return .unreachable(error)
    }
}

private func hasNamedService<Transaction: PAMTransaction & ~Copyable>(_ transaction: borrowing Transaction) -> Bool {
    var isNamed = false
    transaction.withItem(.service) {
        isNamed = !$0.isEmpty && $0.count <= Begin.maximumService && PrintableText.isClean($0, newlines: false)
    }
    return isNamed
}
