internal import Authentication
internal import Cryptography

/// pam_oath's users.oath: a device a line, of type, user, PIN, key in hexadecimal and what was used last.
package enum OATHUsersFile {
    /// Reads all devices. `now` is in Unix seconds, for the last code of a TOTP device may still be good.
    package static func read(
        _ text: Span<UInt8>, named file: String, now: Int64
    ) throws(ImportFailure) -> [ForeignDevice] {
        var devices: [ForeignDevice] = []
        for (index, line) in ImportText.lines(text).enumerated() {
            let words = ImportText.words(text, in: line)
            guard let first = words.first, text[first.lowerBound] != UInt8(ascii: "#") else { continue }
            devices.append(try device(text, words, at: ImportPlace(file: file, line: index + 1), now: now))
        }
        return devices
    }

    private static func device(
        _ text: Span<UInt8>, _ words: [Range<Int>], at place: ImportPlace, now: Int64
    ) throws(ImportFailure) -> ForeignDevice {
        guard words.count >= 4 else {
            throw place.failure("expected a type, a user, a PIN or -, and a secret in hexadecimal")
        }
        var (kind, made) = try type(ImportText.text(text.extracting(words[0])), at: place)
        let account = ImportText.text(text.extracting(words[1]))
        guard let key = ImportText.hexadecimal(text.extracting(words[3])), key.count > 0 else {
            throw place.failure("the secret is not in hexadecimal")
        }
        var counter: Int64 = 0
        if words.count > 4 {
            guard let number = ImportText.number(text.extracting(words[4])), number < .max else {
                throw place.failure("the moving factor is no number")
            }
            counter = number
        }
        var last: OneTimePassword?
        if words.count > 5 {
            guard let password = OneTimePassword(typed: text.extracting(words[5])) else {
                throw place.failure("the last code is none of 6 to 8 digits")
            }
            last = password
        }
        switch kind {
        case .hotp: made.counter = try next(counter, after: last, key, made, at: place)
        case .totp, .fido2: made.usedUntil = try used(last, key, made, at: place, now: now)
        }
        let notes = notes(pin: text.extracting(words[2]))
        return try ForeignDevice(place, account: account, kind: kind, made, key: key, notes: notes)
    }

    /// `HOTP`, `HOTP/E`, `HOTP/T30`, `HOTP/T60`, with `/6`, `/7` or `/8` behind the latter three.
    private static func type(
        _ type: String, at place: ImportPlace
    ) throws(ImportFailure) -> (ForeignDevice.Kind, ForeignDevice.Parameters) {
        var made = ForeignDevice.Parameters()
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        let digits: [Substring: Int64] = ["6": 6, "7": 7, "8": 8]
        if parts.count == 3, let number = digits[parts[2]] { made.digits = number }
        let isKnown = parts.first == "HOTP" && (parts.count < 3 || parts.count == 3 && digits[parts[2]] != nil)
        switch (isKnown, parts.count > 1 ? parts[1] : "E") {
        case (true, "E"): return (.hotp, made)
        case (true, "T30"): return (.totp, made)
        case (true, "T60"):
            made.period = 60
            return (.totp, made)
        case _:
            throw place.failure("the type is '\(type)', expected HOTP, HOTP/E, HOTP/T30 or HOTP/T60, and /6, /7 or /8")
        }
    }

    /// The counter that is expected next: pam_oath keeps the one of the last code, and before the first its start.
    private static func next(
        _ counter: Int64, after last: OneTimePassword?, _ key: borrowing Secret, _ made: ForeignDevice.Parameters,
        at place: ImportPlace
    ) throws(ImportFailure) -> Int64 {
        guard let last else { return counter }
        // Should the file have been written by something that keeps the next one: the code tells.
        if counter > 0, try password(of: counter - 1, key, made, at: place).isSame(as: last) { return counter }
        return counter + 1
    }

    /// The time step of the last code, if it can be good still or yet; a step that is over needs no remembering.
    private static func used(
        _ last: OneTimePassword?, _ key: borrowing Secret, _ made: ForeignDevice.Parameters, at place: ImportPlace,
        now: Int64
    ) throws(ImportFailure) -> Int64? {
        guard let last else { return nil }
        let present = max(now, 0) / made.period
        var used: Int64?
        for step in max(0, present - 2)...present + 60
        where try password(of: step, key, made, at: place).isSame(as: last) { used = step }
        return used
    }

    private static func password(
        of counter: Int64, _ key: borrowing Secret, _ made: ForeignDevice.Parameters, at place: ImportPlace
    ) throws(ImportFailure) -> OneTimePassword {
        do throws(CryptographyFailure) {
            return try key.withBytes { (key) throws(CryptographyFailure) in
                try OneTimePassword(
                    key: key, counter: UInt64(bitPattern: counter), algorithm: .sha1, digits: Int(made.digits))
            }
        } catch {
            throw place.failure("libcrypto makes no HMAC-SHA1")
        }
    }

    private static func notes(pin: Span<UInt8>) -> [String] {
        guard pin.count == 1 else { return ["Its PIN was left behind: the code alone is typed from now on."] }
        switch pin[0] {
        case UInt8(ascii: "-"): return []
        case UInt8(ascii: "+"):
            return ["The password that was typed in front of its code was left behind: a provider asks for it."]
        case _: return ["Its PIN was left behind: the code alone is typed from now on."]
        }
    }
}
