import Authentication

/// That a message was sent for a login: to which device, and never what it says or where that is.
struct MessageRecord {
    let request: LoginRequest
    let module: ModuleID
    let device: String

    /// The line and the fields. It begins with what no refusal begins with: nobody is banned for a message.
    var entry: JournalEntry {
        var line = "login message service=\(LoginRecord.word(request.service))"
        if let host = request.remoteHost { line += " rhost=\(LoginRecord.word(host))" }
        line += " user=\(LoginRecord.quoted(request.account.text)) module=\(LoginRecord.word(module.description))"
        line += " device=\(LoginRecord.quoted(device))"
        return JournalEntry(
            .info, line,
            fields: [
                ("TWOSTEP_RESULT", "message"), ("TWOSTEP_SERVICE", request.service),
                ("TWOSTEP_RHOST", request.remoteHost ?? ""), ("TWOSTEP_USER", request.account.text),
                ("TWOSTEP_MODULE", module.description), ("TWOSTEP_DEVICE", device),
            ].filter { !$0.1.isEmpty })
    }
}
