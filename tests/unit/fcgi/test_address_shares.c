/* test_address_shares.c - what each client address uses, counted over several processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* For put(). */
#include "fcgi/pool/address_shares.c"

static struct address_shares *shares;

static int make_shares(void **state)
{
	(void)state;
	shares = mmap(NULL, sizeof(*shares), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shares == MAP_FAILED || !address_shares_init(shares);
}

static int drop_shares(void **state)
{
	(void)state;
	return munmap(shares, sizeof(*shares));
}

static uint64_t key_of(const char *text)
{
	struct ip_address address;

	assert_true(ip_address_parse(text, strlen(text), &address));
	return address_shares_key(shares, &address);
}

static uint32_t take(const char *address, unsigned owner, unsigned kind, uint64_t amount, uint64_t max)
{
	return address_shares_take(shares, &(struct address_claim){
						   .key = key_of(address),
						   .owner = owner,
						   .kind = kind,
						   .amount = amount,
						   .max = max,
					   });
}

static void each_address_and_kind_is_counted_separately(void **state)
{
	uint32_t first;

	(void)state;
	assert_true((first = take("192.0.2.1", 0, 0, 1, 2)) && take("192.0.2.1", 5, 0, 1, 2));
	assert_false(take("192.0.2.1", 5, 0, 1, 2) || take("::ffff:192.0.2.1", 9, 0, 1, 2));
	assert_true(take("192.0.2.2", 5, 0, 1, 2) && take("192.0.2.1", 5, 1, 1, 2));
	address_shares_return(shares, first);
	address_shares_return(shares, 0);
	assert_true(take("192.0.2.1", 0, 0, 1, 2));
	assert_false(take("192.0.2.1", 0, 0, 1, 2));
}

static void an_ipv6_network_is_one_client(void **state)
{
	(void)state;
	assert_true(take("2001:db8:1:2::1", 0, 0, 1, 2) && take("2001:db8:1:2:aaaa:bbbb:cccc:dddd", 0, 0, 1, 2));
	assert_false(take("2001:db8:1:2::2", 0, 0, 1, 2));
	assert_true(take("2001:db8:1:3::1", 0, 0, 1, 2));
	assert_true(take("fe80::1", 0, 0, 1, 1) && take("fe80::2", 0, 0, 1, 1));
}

static void claims_of_an_ended_process_are_returned(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		assert_true(take("192.0.2.1", i % 2, 0, 1, 6));
	assert_false(take("192.0.2.1", 0, 0, 1, 6));
	address_shares_forget(shares, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_true(take("192.0.2.1", 2, 0, 1, 6));
	assert_false(take("192.0.2.1", 2, 0, 1, 6));
}

static bool all_except_3(const void *context, unsigned owner)
{
	(void)context;
	return owner != 3;
}

static void claims_of_a_hanging_process_count_for_itself_only(void **state)
{
	struct address_claim claim = {
		.key = key_of("192.0.2.1"), .owner = 3, .amount = 1, .max = 1, .counts = all_except_3};

	(void)state;
	assert_true(address_shares_take(shares, &claim));
	assert_false(address_shares_take(shares, &claim));
	claim.owner = 4;
	assert_true(address_shares_take(shares, &claim));
	assert_false(address_shares_take(shares, &claim));
}

static void amounts_add_up_and_a_single_claim_may_exceed_the_limit(void **state)
{
	uint32_t large;

	(void)state;
	assert_true((large = take("192.0.2.1", 0, 2, 5000, 1000)));
	assert_false(take("192.0.2.1", 0, 2, 1, 1000));
	address_shares_return(shares, large);
	assert_true(take("192.0.2.1", 0, 2, 600, 1000) && take("192.0.2.1", 0, 2, 400, 1000));
	assert_false(take("192.0.2.1", 0, 2, 1, 1000));
	assert_true(take("192.0.2.2", 0, 2, UINT64_MAX, 1000));
	assert_false(take("192.0.2.2", 0, 2, 1, 1000));
	/* The highest values do not spill into other fields. */
	assert_true(take("192.0.2.3", ADDRESS_OWNERS - 1, ADDRESS_KINDS - 1, ADDRESS_AMOUNT_MAX, 1));
	assert_false(take("192.0.2.3", 0, ADDRESS_KINDS - 1, 1, 1));
	assert_true(take("192.0.2.3", 0, ADDRESS_KINDS - 2, 1, 1));
}

static void a_full_table_refuses_and_recovers(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (unsigned i = 0; i < ADDRESS_CLAIMS; i++)
		assert_true((last = put(shares, UINT64_C(1) << 60 | i)));
	assert_int_equal(take("192.0.2.1", 0, 0, 1, 9), 0);
	address_shares_return(shares, last);
	assert_int_equal(take("192.0.2.1", 0, 0, 1, 9), last);
}

static void keys_differ_from_table_to_table(void **state)
{
	uint64_t before = key_of("192.0.2.1");

	(void)state;
	assert_true(before != 0 && before == key_of("192.0.2.1") && before != key_of("192.0.2.2"));
	assert_true(address_shares_init(shares));
	assert_true(before != key_of("192.0.2.1"));
}

/* Never more than MOST at a time, and nothing is left in the end. */
static void simultaneous_claims_never_exceed_the_share(void **state)
{
	enum { PROCESSES = 4, ROUNDS = 3000, MOST = 2 };
	_Atomic int *held = mmap(NULL, sizeof(*held), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(held != MAP_FAILED);
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			uint32_t number = take("192.0.2.1", i, 0, 1, MOST);
			if (number && atomic_fetch_add(held, 1) >= MOST)
				_exit(1);
			if (number) {
				atomic_fetch_sub(held, 1);
				address_shares_return(shares, number);
			}
		}
		_exit(0);
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;
		assert_true(wait(&status) > 0 && status == 0);
	}
	for (uint32_t i = 0; i < ADDRESS_CLAIMS; i++)
		assert_int_equal(atomic_load(&shares->word[i]), 0);
	munmap(held, sizeof(*held));
}

static void a_share_is_at_least_one(void **state)
{
	(void)state;
	assert_int_equal(address_share_of(64, 75), 48);
	assert_int_equal(address_share_of(2, 75), 1);
	assert_int_equal(address_share_of(1, 75), 1);
	assert_int_equal(address_share_of(64, 1), 1);
	assert_int_equal(address_share_of(10000, 100), 10000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_shares, drop_shares)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_address_and_kind_is_counted_separately),
		CASE(an_ipv6_network_is_one_client),
		CASE(claims_of_an_ended_process_are_returned),
		CASE(claims_of_a_hanging_process_count_for_itself_only),
		CASE(amounts_add_up_and_a_single_claim_may_exceed_the_limit),
		CASE(a_full_table_refuses_and_recovers),
		CASE(keys_differ_from_table_to_table),
		CASE(simultaneous_claims_never_exceed_the_share),
		CASE(a_share_is_at_least_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
