/// Somebody who waits for what the register says of a certificate.
final class RegisterQuestion {
    /// The certificate's, in hexadecimal digits.
    let serial: String
    /// Told once, unless the question was taken back.
    let report: (RegisterDesk.Answer) -> Void

    init(_ serial: String, _ report: @escaping (RegisterDesk.Answer) -> Void) {
        self.serial = serial
        self.report = report
    }
}
