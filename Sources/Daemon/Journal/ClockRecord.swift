import Authentication

/// That a refused code was right some time ago, or will be: the clock of a device is off, and nobody was guessing.
///
/// It is found out after the person was told, and never told to the person.
struct ClockRecord {
    let request: LoginRequest
    let module: ModuleID
    let diagnosis: Diagnosis

    /// How a device's offset is said: `phone is 90 s ahead`.
    var hint: String {
        let (seconds, overflow) = diagnosis.offset.magnitude.multipliedReportingOverflow(
            by: diagnosis.secondsPerUnit.magnitude)
        return "\(diagnosis.device) is \(overflow ? .max : seconds) s \(isAhead ? "ahead" : "behind")"
    }

    private var isAhead: Bool { diagnosis.offset > 0 }

    /// The line and the fields. It begins with what no refusal begins with: nobody is banned for a clock.
    var entry: JournalEntry {
        let reason = isAhead ? "clock_ahead" : "clock_behind"
        var line = "login diagnosed reason=\(reason) service=\(LoginRecord.word(request.service))"
        if let host = request.remoteHost { line += " rhost=\(LoginRecord.word(host))" }
        line += " user=\(LoginRecord.quoted(request.account.text)) module=\(LoginRecord.word(module.description))"
        line += " step_offset=\(diagnosis.offset) hint=\(LoginRecord.quoted(hint))"
        return JournalEntry(
            .notice, line,
            fields: [
                ("TWOSTEP_RESULT", "diagnosed"), ("TWOSTEP_REASON", reason), ("TWOSTEP_SERVICE", request.service),
                ("TWOSTEP_RHOST", request.remoteHost ?? ""), ("TWOSTEP_USER", request.account.text),
                ("TWOSTEP_MODULE", module.description), ("TWOSTEP_DEVICE", diagnosis.device),
                ("TWOSTEP_STEP_OFFSET", String(diagnosis.offset)),
            ].filter { !$0.1.isEmpty })
    }
}
