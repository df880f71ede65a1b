import AdminProtocol
import ArgumentParser
import Authentication
import QRCodes

/// A set-up that has begun, as a person is shown it: a secret in all its forms, codes, or nothing at all.
struct NewDevice {
    /// How the QR code is shown.
    enum QRStyle: String, ExpressibleByArgument, CaseIterable {
        case utf8, ansi, none
    }

    let begun: EnrollmentBegun
    /// Codes to be kept on paper; nil where there are none.
    let codes: PaperCodes?
    /// What the QR code says; empty where there is none.
    let uri: SharedSecret
    private let key: SharedSecret

    init(_ begun: EnrollmentBegun, uri: SharedSecret, key: SharedSecret, codes: SharedSecret?) {
        self.begun = begun
        self.uri = uri
        self.key = NewDevice.withoutSpaces(key)
        self.codes = codes.flatMap { $0.secret.count > 0 ? PaperCodes($0) : nil }
    }

    /// What is asked for before it is stored. A single code that a device has made is called by that device.
    var form: [FormField] {
        let form = begun.form ?? [FormField(label: "", isHidden: false)]
        let isOfDevice = uri.secret.count > 0 || key.secret.count > 0
        guard form.count == 1, isOfDevice else { return form }
        return form.map { FormField(label: "The first code of \(begun.device)", isHidden: $0.isHidden) }
    }

    /// The members that a document has for them; codes have one of their own.
    var secrets: [(String, JSONValue)] {
        [("uri", uri), ("secret", key)].compactMap { name, shared in
            shared.secret.count > 0 ? (name, .secret(shared)) : nil
        }
    }

    /// The QR code comes last, so that it and the question fit one screen.
    func show(
        on console: any Console, to stream: ConsoleStream, qr: QRStyle?, title: String = "New device"
    ) throws(CommandFailure) {
        let buffer = OutputBuffer()
        let title = "\(title) '\(begun.device)' (\(begun.module.name)) of \(begun.account)"
        buffer.append(printable: begun.description.isEmpty ? "\(title)\n" : "\(title): \(begun.description)\n")
        if begun.replaces {
            let void = codes == nil ? "" : ", and the old codes will be void"
            buffer.append(
                printable: "It will replace the device '\(begun.device)' that \(begun.account) has\(void).\n")
        }
        if uri.secret.count > 0 {
            buffer.append("URI:    ")
            uri.secret.withBytes { buffer.append(printable: $0) }
            buffer.append("\n")
        }
        if key.secret.count > 0 {
            buffer.append("Secret: ")
            key.secret.withBytes { NewDevice.appendGroups($0, to: buffer) }
            buffer.append("\n")
        }
        codes?.list(on: buffer)
        let style = qr ?? (console.outputIsTerminal && stream == .output ? .utf8 : .none)
        if style != .none, uri.secret.count > 0 {
            let code = uri.secret.withBytes { QRCode($0) }
            if let code {
                let needed = style == .ansi ? code.columnsOfBackgrounds : code.columns
                let isTooWide = console.columns.map { $0 < needed } ?? false
                // Who has asked for it gets it all the same: the terminal may be made wider while it is shown.
                if isTooWide {
                    buffer.append(
                        printable:
                            "(The QR code needs \(needed) columns, and this terminal has \(console.columns ?? 0): "
                            + "make it wider, have a picture made with --png FILE, or type the secret into the app.)\n")
                }
                if isTooWide, qr == nil {
                    // Broken lines are no picture.
                } else if style == .ansi {
                    code.drawBackgrounds(on: buffer)
                } else {
                    code.draw(on: buffer, inColour: console.allowsColour && stream == .output)
                }
            } else {
                buffer.append("(The URI is too long for a QR code.)\n")
            }
        }
        try console.show(buffer, on: stream)
    }

    private static func appendGroups(_ key: Span<UInt8>, to buffer: OutputBuffer) {
        for index in key.indices {
            if index > 0, index % 4 == 0 { buffer.append(" ") }
            buffer.append(printable: key.extracting(index..<index + 1))
        }
    }

    /// Programs take the key without the groups that people need.
    private static func withoutSpaces(_ shared: SharedSecret) -> SharedSecret {
        shared.secret.withBytes { bytes in
            let kept = bytes.indices.filter { bytes[$0] != UInt8(ascii: " ") }
            return SharedSecret(
                Secret(count: kept.count) { target in
                    for (position, index) in kept.enumerated() { target[position] = bytes[index] }
                })
        }
    }
}
