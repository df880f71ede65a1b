package import Authentication

/// Seals nothing, but binds to the place all the same: what was sealed elsewhere does not open.
package struct PlainSealing: SecretSealing {
    package init() {}

    package func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
        var bytes = place.placeBytes
        payload.withBytes { span in for index in span.indices { bytes.append(span[index]) } }
        return bytes
    }

    package func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
        let prefix = place.placeBytes
        guard sealed.starts(with: prefix) else { throw .damaged("sealed for another place than \(place.placeName)") }
        return Secret(copying: sealed.span.extracting(prefix.count..<sealed.count))
    }
}
