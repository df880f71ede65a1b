package import Authentication
internal import Cryptography

/// What pamu2fcfg(1) writes and pam_u2f(8) reads: a line a user, `user:key:key…`, each key of them
/// `credential id,public key,type,attributes` in base64, or, as before pam_u2f 1.1, `credential id,public key` with the key
/// in hexadecimal digits.
package enum PAMU2FFile {
    /// Reads all keys. The file does not say what they were made for, so `relyingParty` does (pam_u2f's `origin`, and its
    /// `appid` for those of before 1.1).
    package static func read(
        _ text: Span<UInt8>, named file: String, relyingParty: String, module: ModuleID = ModuleID("fido2")
    ) throws(ImportFailure) -> [ForeignDevice] {
        var devices: [ForeignDevice] = []
        for (index, line) in ImportText.lines(text).enumerated() where !line.isEmpty {
            guard text[line.lowerBound] != UInt8(ascii: "#") else { continue }
            let place = ImportPlace(file: file, line: index + 1)
            let parts = PAMU2FFile.parts(text, in: line, at: UInt8(ascii: ":"))
            guard let first = parts.first, let user = String(validating: text.extracting(first).copied, as: UTF8.self),
                let account = AccountName(user)
            else { throw place.failure("expected the name of an account before the first ':'") }
            guard parts.count > 1 else { throw place.failure("\(account) has no key") }
            for part in parts.dropFirst() {
                let (credential, notes) = try key(text, in: part, at: place)
                devices.append(
                    ForeignDevice(
                        place, account: account.text, module: module, credential, relyingParty: relyingParty,
                        notes: notes))
            }
        }
        return devices
    }

    private static func key(
        _ text: Span<UInt8>, in range: Range<Int>, at place: ImportPlace
    ) throws(ImportFailure) -> (FIDO2Credential, notes: [String]) {
        let fields = parts(text, in: range, at: UInt8(ascii: ","))
        guard (2...4).contains(fields.count) else {
            throw place.failure("expected a key as id,public key,type,attributes")
        }
        let handle = text.extracting(fields[0])
        guard ImportText.text(handle) != "*" else {
            throw place.failure(
                "a key that is resident has no id here, and cannot be asked for: leave it out, and enrol it")
        }
        guard let id = ImportText.base64Decoded(handle)?.copied else {
            throw place.failure("the id of a key is no base64")
        }
        let isOld = fields.count == 2
        let type = isOld ? "es256" : ImportText.text(text.extracting(fields[2])).lowercased()
        guard let algorithm = SignatureAlgorithm.allCases.first(where: { $0.name.lowercased() == type }) else {
            throw place.failure("the type of a key is '\(type)', expected es256, eddsa or rs256")
        }
        let written = text.extracting(fields[1])
        let point = isOld ? ImportText.hexadecimal(written)?.copied : ImportText.base64Decoded(written)?.copied
        // A point that says that it is not compressed (SEC 1 section 2.3.3).
        let bytes = point.map { isOld && $0.first == 4 ? Array($0.dropFirst()) : $0 }
        guard let bytes, let credential = FIDO2Credential(id: id, algorithm, bytes) else {
            throw place.failure("the public key of a key is none of \(algorithm.name)")
        }
        let attributes = fields.count > 3 ? ImportText.text(text.extracting(fields[3])) : "+presence"
        return (credential, notes(attributes))
    }

    /// What could not be carried over.
    private static func notes(_ attributes: String) -> [String] {
        var notes: [String] = []
        if !attributes.contains("+presence") {
            notes.append("It was not to be touched: the module's user_presence holds for every key.")
        }
        if attributes.contains("+verification") || attributes.contains("+pin") {
            notes.append("It wanted its PIN: the module's user_verification holds for every key.")
        }
        return notes
    }

    /// Where the parts of `range` lie between separators.
    private static func parts(_ text: Span<UInt8>, in range: Range<Int>, at separator: UInt8) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = range.lowerBound
        for index in range where text[index] == separator {
            found.append(start..<index)
            start = index + 1
        }
        found.append(start..<range.upperBound)
        return found
    }
}

extension Span<UInt8> {
    fileprivate var copied: [UInt8] { indices.map { self[$0] } }
}

extension Secret {
    /// What is no secret.
    fileprivate var copied: [UInt8] { withBytes { $0.copied } }
}
