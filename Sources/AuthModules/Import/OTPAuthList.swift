internal import Authentication

/// `otpauth://` URIs, one a line, as authenticator apps and password stores export them.
package enum OTPAuthList {
    /// Reads all devices; empty lines, and those that begin with `#`, are passed over.
    package static func read(_ text: Span<UInt8>, named file: String) throws(ImportFailure) -> [ForeignDevice] {
        var devices: [ForeignDevice] = []
        for (index, line) in ImportText.lines(text).enumerated() {
            let words = ImportText.words(text, in: line)
            guard let first = words.first, let last = words.last, text[first.lowerBound] != UInt8(ascii: "#") else {
                continue
            }
            let uri = text.extracting(first.lowerBound..<last.upperBound)
            devices.append(try device(uri, at: ImportPlace(file: file, line: index + 1)))
        }
        return devices
    }

    private static func device(_ uri: Span<UInt8>, at place: ImportPlace) throws(ImportFailure) -> ForeignDevice {
        let scheme = "otpauth://"
        guard ImportText.begins(uri, with: scheme) else { throw place.failure("expected an otpauth:// URI") }
        let rest = uri.extracting(droppingFirst: scheme.utf8.count)
        guard let slash = first(UInt8(ascii: "/"), of: rest), let mark = first(UInt8(ascii: "?"), of: rest),
            slash < mark
        else { throw place.failure("expected otpauth://TYPE/LABEL?PARAMETERS") }
        let type = ImportText.text(rest.extracting(first: slash))
        guard let kind = ForeignDevice.Kind(ofCodes: type.lowercased()) else {
            throw place.failure("the type is '\(type)', expected totp or hotp")
        }
        guard let label = ImportText.percentDecoded(rest.extracting(slash + 1..<mark)) else {
            throw place.failure("the label has a % without two digits")
        }
        var made = ForeignDevice.Parameters()
        var key: Secret?
        var issuer: String?
        var notes: [String] = []
        for range in parts(of: rest, from: mark + 1) {
            let pair = rest.extracting(range)
            guard let equals = first(UInt8(ascii: "="), of: pair) else { continue }
            let name = ImportText.text(pair.extracting(first: equals)).lowercased()
            guard let value = ImportText.percentDecoded(pair.extracting(droppingFirst: equals + 1)) else {
                throw place.failure("'\(name)' has a % without two digits")
            }
            switch name {
            case "secret":
                guard let decoded = value.withBytes({ Base32.decode($0) }), decoded.count > 0 else {
                    throw place.failure("the secret is not in base32")
                }
                key = consume decoded
            case "algorithm": made.algorithm = text(value)
            case "digits": made.digits = try number(value, name, at: place)
            case "period": made.period = try number(value, name, at: place)
            case "counter": made.counter = try number(value, name, at: place)
            case "issuer": issuer = text(value)
            case _: notes.append("'\(name)' is not known and was left behind.")
            }
        }
        guard let key else { throw place.failure("there is no secret") }
        return try ForeignDevice(
            place, account: nil, kind: kind, label: DeviceLabel(text(label), issuer: issuer), made, key: key,
            notes: notes)
    }

    private static func text(_ value: borrowing Secret) -> String { value.withBytes { ImportText.text($0) } }

    private static func number(
        _ value: borrowing Secret, _ name: String, at place: ImportPlace
    ) throws(ImportFailure) -> Int64 {
        guard let number = value.withBytes({ ImportText.number($0) }) else {
            throw place.failure("'\(name)' is no whole number")
        }
        return number
    }

    /// Where the first such byte stands.
    static func first(_ byte: UInt8, of text: Span<UInt8>) -> Int? { text.indices.first { text[$0] == byte } }

    /// The parts between `&`.
    static func parts(of text: Span<UInt8>, from start: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var begin = start
        for index in start...max(start, text.count) {
            guard index >= text.count || text[index] == UInt8(ascii: "&") else { continue }
            if index > begin, index <= text.count { found.append(begin..<index) }
            begin = index + 1
        }
        return found
    }
}
