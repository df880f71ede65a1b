internal import Authentication

/// What the app Google Authenticator exports: `otpauth-migration://offline?data=…`, one QR code a line.
package enum MigrationExport {
    /// Reads all devices; empty lines, and those that begin with `#`, are passed over.
    package static func read(_ text: Span<UInt8>, named file: String) throws(ImportFailure) -> [ForeignDevice] {
        var devices: [ForeignDevice] = []
        var batches: [Batch] = []
        for (index, line) in ImportText.lines(text).enumerated() {
            let words = ImportText.words(text, in: line)
            guard let word = words.first, text[word.lowerBound] != UInt8(ascii: "#") else { continue }
            let place = ImportPlace(file: file, line: index + 1)
            let payload = try payload(text.extracting(word), at: place)
            batches.append(
                try payload.withBytes { (payload) throws(ImportFailure) in
                    try read(payload, into: &devices, at: place)
                })
        }
        for batch in batches where batch.size > 1 {
            let seen = Set(batches.filter { $0.id == batch.id }.map(\.index))
            guard seen.count >= batch.size else {
                throw ImportFailure(
                    file, line: 0, "the export has \(batch.size) QR codes, and \(seen.count) of them are here")
            }
        }
        return devices
    }

    /// Which part of an export a QR code is.
    private struct Batch {
        var size: UInt64 = 1
        var index: UInt64 = 0
        var id: UInt64 = 0
    }

    private static func payload(_ uri: Span<UInt8>, at place: ImportPlace) throws(ImportFailure) -> Secret {
        guard ImportText.begins(uri, with: "otpauth-migration://"),
            let mark = OTPAuthList.first(UInt8(ascii: "?"), of: uri)
        else { throw place.failure("expected an otpauth-migration:// URI") }
        for range in OTPAuthList.parts(of: uri, from: mark + 1) {
            let pair = uri.extracting(range)
            guard ImportText.begins(pair, with: "data=") else { continue }
            guard let text = ImportText.percentDecoded(pair.extracting(droppingFirst: 5)),
                let payload = text.withBytes({ ImportText.base64Decoded($0) })
            else { throw place.failure("its data is not in base64") }
            return payload
        }
        throw place.failure("there is no data")
    }

    private static func read(
        _ payload: Span<UInt8>, into devices: inout [ForeignDevice], at place: ImportPlace
    ) throws(ImportFailure) -> Batch {
        guard let fields = Protobuf.fields(payload, in: 0..<payload.count) else {
            throw place.failure("its data is no export of an authenticator app")
        }
        var batch = Batch()
        for field in fields {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): devices.append(try device(payload, in: range, at: place))
            case (3, .number(let size)): batch.size = size
            case (4, .number(let index)): batch.index = index
            case (5, .number(let id)): batch.id = id
            case _: break
            }
        }
        return batch
    }

    private static func device(
        _ payload: Span<UInt8>, in range: Range<Int>, at place: ImportPlace
    ) throws(ImportFailure) -> ForeignDevice {
        guard let fields = Protobuf.fields(payload, in: range) else {
            throw place.failure("a device of its data is damaged")
        }
        var made = ForeignDevice.Parameters()
        var kind: ForeignDevice.Kind?
        var secret = 0..<0
        var label = ""
        var issuer: String?
        for field in fields {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): secret = range
            case (2, .bytes(let range)): label = ImportText.text(payload.extracting(range))
            case (3, .bytes(let range)): issuer = ImportText.text(payload.extracting(range))
            case (4, .number(let number)):
                // 0 is "not said", which apps take for SHA1; 4 is MD5.
                let names = ["SHA1", "SHA1", "SHA256", "SHA512", "MD5"]
                made.algorithm = number < UInt64(names.count) ? names[Int(number)] : "number \(number)"
            case (5, .number(let number)): made.digits = number == 2 ? 8 : 6
            case (6, .number(let number)): kind = number == 1 ? .hotp : number == 2 ? .totp : nil
            case (7, .number(let number)): made.counter = Int64(clamping: number)
            case _: break
            }
        }
        guard let kind else { throw place.failure("a device of its data is neither totp nor hotp") }
        return try ForeignDevice(
            place, account: nil, kind: kind, label: DeviceLabel(label, issuer: issuer), made,
            key: Secret(copying: payload.extracting(secret)), notes: [])
    }
}
