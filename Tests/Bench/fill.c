// Fills a store that `twostep init` has made with users who have TOTP devices: bench0000000 and so on, each secret
// really sealed (Sources/EnrollmentStores/Sealing/Sealer.swift), each credential linked as after a first login.
//
//   fill DATABASE KEY-FILE USERS DEVICES      the key of a device is SHA-1("USER/DEVICE")
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sqlite3.h>

#include "wire.h"

static size_t put_part(uint8_t *to, const char *text) {
    size_t count = strlen(text);
    memset(to, 0, 3);
    to[3] = (uint8_t)count;
    memcpy(to + 4, text, count);
    return 4 + count;
}

static void check(int isGood, const char *what) {
    if (!isGood) errx(1, "%s", what);
}

static void run(sqlite3 *store, const char *sql) {
    check(sqlite3_exec(store, sql, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(store));
}

int main(int argc, char **argv) {
    if (argc != 5) errx(2, "usage: %s DATABASE KEY-FILE USERS DEVICES", argv[0]);
    uint8_t key[32], digest[32];
    FILE *file = fopen(argv[2], "r");
    for (int index = 0; index < 32; index++) {
        unsigned value;
        check(file != NULL && fscanf(file, "%2x", &value) == 1, argv[2]);
        key[index] = (uint8_t)value;
    }
    HMAC(EVP_sha256(), key, sizeof key, (const uint8_t *)"twostep key id", 14, digest, NULL);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    check(EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, NULL) == 1, "AES-256-GCM");

    sqlite3 *store;
    sqlite3_stmt *device, *credential;
    check(sqlite3_open_v2(argv[1], &store, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, argv[1]);
    run(store, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN");
    check(sqlite3_prepare_v2(store, "INSERT INTO device VALUES (?1, 'totp', '', ?2, ?3, ?4, -1, 0, 1767225600, NULL)",
                             -1, &device, NULL) == SQLITE_OK, sqlite3_errmsg(store));
    check(sqlite3_prepare_v2(store, "INSERT INTO credential VALUES ('pam', '', ?1, ?1, 1767225600)", -1, &credential,
                             NULL) == SQLITE_OK, sqlite3_errmsg(store));
    for (long number = 0; number < atol(argv[3]); number++) {
        char user[32];
        snprintf(user, sizeof user, "bench%07ld", number);
        for (int which = 0; which < atoi(argv[4]); which++) {
            char name[16], seed[64];
            snprintf(name, sizeof name, "%d", which);
            snprintf(seed, sizeof seed, "%s/%d", user, which);
            // SHA1, 6 digits, 30 s (Sources/AuthModules/TOTPParameters.swift), then the key.
            uint8_t plain[25] = {1, 1, 6, 0, 30}, place[128] = {1}, sealed[5 + 12 + 25 + 16] = {1};
            SHA1((uint8_t *)seed, strlen(seed), plain + 5);
            memcpy(sealed + 1, digest, 4);
            RAND_bytes(sealed + 5, 12);
            size_t size = 1;
            size += put_part(place + size, user);
            size += put_part(place + size, "totp");
            place[size++] = 0;
            size += put_part(place + size, "");
            size += put_part(place + size, name);
            int written;
            check(EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, sealed + 5) == 1 &&
                      EVP_EncryptUpdate(cipher, NULL, &written, place, (int)size) == 1 &&
                      EVP_EncryptUpdate(cipher, sealed + 17, &written, plain, sizeof plain) == 1 &&
                      EVP_EncryptFinal_ex(cipher, sealed + 17 + sizeof plain, &written) == 1 &&
                      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, sealed + 17 + sizeof plain) == 1,
                  "sealing");
            sqlite3_bind_text(device, 1, user, -1, SQLITE_STATIC);
            sqlite3_bind_text(device, 2, name, -1, SQLITE_STATIC);
            sqlite3_bind_int64(device, 3, 100000 + number);
            sqlite3_bind_blob(device, 4, sealed, sizeof sealed, SQLITE_STATIC);
            check(sqlite3_step(device) == SQLITE_DONE && sqlite3_reset(device) == SQLITE_OK, sqlite3_errmsg(store));
        }
        sqlite3_bind_text(credential, 1, user, -1, SQLITE_STATIC);
        check(sqlite3_step(credential) == SQLITE_DONE && sqlite3_reset(credential) == SQLITE_OK,
              sqlite3_errmsg(store));
    }
    sqlite3_finalize(device), sqlite3_finalize(credential);
    run(store, "COMMIT; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL");
    check(sqlite3_close(store) == SQLITE_OK, "closing");
    return 0;
}
