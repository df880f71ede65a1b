/// Somebody who waits for what the register says of a certificate.
final class RegisterQuestion {
    /// The certificate's, in hexadecimal digits.
    let serial: String
    /// Told once, unless the question was taken back.
    let report: (RegisterDesk.Answer) -> Void
    /// How often it was found waiting, once a second.
    var sweeps = 0

    init(_ serial: String, _ report: @escaping (RegisterDesk.Answer) -> Void) {
        self.serial = serial
        self.report = report
    }
}
