package import Authentication

/// Seals nothing, but binds to the place all the same: what was sealed elsewhere does not open.
package struct PlainSealing: SecretSealing {
    package init() {}

    package func seal(_ payload: borrowing Secret, at key: DeviceKey) throws(StoreFailure) -> [UInt8] {
        var bytes = PlainSealing.prefix(of: key)
        payload.withBytes { span in for index in span.indices { bytes.append(span[index]) } }
        return bytes
    }

    package func open(_ sealed: [UInt8], at key: DeviceKey) throws(StoreFailure) -> Secret {
        let prefix = PlainSealing.prefix(of: key)
        guard sealed.starts(with: prefix) else { throw .damaged("sealed for another place than \(key)") }
        return Secret(copying: sealed.span.extracting(prefix.count..<sealed.count))
    }

    private static func prefix(of key: DeviceKey) -> [UInt8] {
        let parts = [key.account.text, key.module.type, key.module.id ?? "\u{0}", key.device]
        return Array(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8)
    }
}
