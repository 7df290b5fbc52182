//! The list of all promises, from which the tests are made. A promise that is not in the list is
//! never tested.

/// Expands to one test per promise of the [contract](crate::testing::contract).
///
/// ```text
/// async fn subject() -> StoreUnderTest { … }
/// countersign_application::store_contract!(subject);
/// ```
#[macro_export]
macro_rules! store_contract {
    ($subject:ident) => {
        $crate::store_contract!(@tests $subject, reads:
            what_changed_is_found_as_it_is_now,
            a_new_token_reads_back_equal,
            a_changed_token_reads_back_equal,
            a_new_name_shows_everywhere,
            an_update_without_a_new_name_leaves_the_user_alone,
            a_secret_leads_to_the_facts,
            an_unknown_secret_leads_nowhere,
            an_expired_token_is_still_found,
            a_revoked_token_is_nowhere,
            a_closed_user_has_no_credential,
            users_are_told_as_they_are,
            it_answers_a_ping,
            it_answers_no_ping_without_its_tables,
        );
        $crate::store_contract!(@tests $subject, annotations:
            annotations_stay_until_they_are_changed,
            annotations_are_in_the_history,
            facts_have_the_owner_and_the_metadata,
            owners_are_searched_like_names,
            metadata_is_searched_by_key,
        );
        $crate::store_contract!(@tests $subject, writes:
            a_stale_change_writes_nothing,
            a_taken_name_writes_nothing,
            a_token_may_respell_its_own_name,
            a_revoked_tokens_name_is_free,
            an_expired_tokens_name_stays_taken,
            an_unknown_token_is_not_changed,
            a_revoked_token_is_not_changed,
            a_failing_audit_row_rolls_everything_back,
            odd_values_are_kept_literally,
        );
        $crate::store_contract!(@tests $subject, dry_runs:
            every_refusal_of_a_commit_is_the_dry_runs_refusal,
            a_dry_run_leaves_nothing_behind,
        );
        $crate::store_contract!(@tests $subject, actors:
            a_revoked_actor_writes_nothing,
            an_expired_actor_writes_nothing,
            the_changes_own_instant_decides,
            an_actor_whose_user_is_closed_writes_nothing,
            a_narrowed_actor_writes_nothing,
            a_narrowing_that_leaves_what_is_leant_on_is_no_hindrance,
            an_actor_writes_only_by_an_address_entry_that_is_still_listed,
            an_actor_of_another_tenant_is_gone,
            a_token_may_change_and_revoke_itself,
            a_closed_system_user_writes_nothing,
        );
        $crate::store_contract!(@tests $subject, authority:
            of_two_tokens_that_revoke_each_other_one_stays,
            of_two_tokens_that_narrow_each_other_one_keeps_its_rights,
            of_two_tokens_that_relocate_each_other_one_stays_in_place,
            of_two_tokens_that_rotate_each_other_one_keeps_its_secret,
            nothing_of_a_token_lands_after_its_revocation,
            nothing_of_a_token_lands_after_its_narrowing,
            nothing_of_a_token_lands_after_its_addresses_were_narrowed,
            nothing_by_a_secret_lands_after_the_rotation_that_ended_it,
            nothing_of_a_token_lands_after_its_expiry_was_shortened,
            tokens_that_change_each_other_in_a_circle_all_end,
        );
        $crate::store_contract!(@tests $subject, rotation:
            a_new_secret_leads_to_the_same_token,
            a_replaced_secret_tells_when_it_ends,
            a_second_rotation_ends_the_oldest,
            secrets_are_told_newest_first_while_they_work,
            secrets_of_another_tenant_are_not_told,
            racing_rotations_of_one_version_have_one_winner,
            a_stale_rotation_writes_nothing,
            a_gone_actor_rotates_nothing,
            a_secret_that_was_cut_writes_nothing,
            a_secret_in_its_overlap_still_writes,
            a_revoked_token_takes_its_secrets_along,
            rotations_are_in_the_chain,
        );
        $crate::store_contract!(@tests $subject, retirement:
            an_older_secret_ends_alone,
            a_retired_secret_writes_nothing_by_any_clock,
            a_stale_or_gone_retirement_writes_nothing,
            a_retirement_leans_on_what_it_says,
            retirements_are_in_the_chain,
            a_token_without_permissions_on_tokens_ends_itself,
            a_cut_secret_ends_nothing,
        );
        $crate::store_contract!(@tests $subject, descent:
            descendants_come_after_their_makers,
            what_was_rotated_descends,
            only_what_came_since_is_found,
            makers_in_a_circle_are_found_once,
            what_the_revoked_made_is_still_found,
            lineages_end_at_the_tenant,
            a_long_line_is_counted_whole_and_listed_in_part,
            an_unreadable_descendant_is_found,
            what_made_nothing_is_widened_without_a_look_at_descent,
        );
        $crate::store_contract!(@tests $subject, feed:
            every_change_is_told_once,
            versions_of_a_token_come_in_order,
            what_is_refused_is_not_told,
            a_position_is_behind_what_it_follows,
            too_much_news_is_said_to_be_too_much,
            what_is_no_position_is_refused,
            readers_at_different_places_miss_nothing,
            racing_changes_are_all_told,
            an_update_tells_what_it_makes_of_the_facts,
            a_change_that_is_long_is_told_without_its_fields,
        );
        $crate::store_contract!(@tests $subject, usage:
            a_use_shows_in_token_and_secret,
            the_latest_use_stands,
            a_use_is_no_change,
            a_use_of_nothing_is_passed_over,
            uses_of_two_secrets_are_kept_apart,
            tokens_are_found_by_their_last_use,
            tokens_are_ordered_by_their_last_use,
            a_census_counts_states,
            tokens_are_counted_by_when_they_expire,
        );
        $crate::store_contract!(@tests $subject, sessions:
            a_session_reads_back_equal,
            an_ended_session_is_gone_for_good,
            the_latest_use_of_a_session_stands,
            what_is_over_is_forgotten_and_nothing_else,
            sessions_are_forgotten_in_portions,
            a_tokens_oldest_session_ends_when_it_has_too_many,
            sessions_that_begin_at_once_are_no_more_than_a_token_may_have,
        );
        $crate::store_contract!(@tests $subject, races:
            racing_updates_of_one_version_have_one_winner,
            racing_creations_of_one_name_have_one_winner,
            racing_renames_to_one_name_have_one_winner,
            racing_creations_under_one_key_make_one_token,
            an_update_and_a_revocation_have_one_winner,
            updaters_that_try_again_all_get_through,
            racing_tenants_of_one_name_have_one_winner,
        );
        $crate::store_contract!(@tests $subject, together:
            updates_at_once_are_each_stored_whole,
            each_of_many_updates_has_its_own_outcome,
            an_update_of_an_actor_and_updates_by_it_have_an_order,
            of_pairs_that_narrow_each_other_one_keeps_its_rights,
            a_rotation_and_an_update_of_one_version_have_one_winner,
            callers_that_leave_take_no_update_of_others_along,
        );
        $crate::store_contract!(@tests $subject, creations_together:
            creations_at_once_are_each_stored_whole,
            each_of_many_creations_has_its_own_outcome,
            of_creations_at_once_under_one_key_each_one_is_made,
            a_creation_and_a_rename_to_one_name_have_one_winner,
            an_update_of_an_actor_and_creations_by_it_have_an_order,
            creations_at_once_replace_keys_of_the_day_before,
            callers_that_leave_take_no_creation_of_others_along,
        );
        $crate::store_contract!(@tests $subject, change_orders:
            changes_at_once_end_as_in_some_order,
        );
        $crate::store_contract!(@tests $subject, pages:
            a_list_neither_skips_nor_repeats_while_rows_come_and_go,
            a_list_is_in_the_order_of_ids,
            every_order_is_kept_with_ids_behind,
            several_keys_order_one_behind_the_other,
            every_order_is_kept_among_many,
            a_total_is_counted_no_further_than_asked,
            totals_hold_on_every_page,
        );
        $crate::store_contract!(@tests $subject, filters:
            ids_and_versions_compare,
            instants_compare,
            texts_compare_byte_by_byte,
            texts_are_searched_without_regard_to_case,
            special_characters_are_literal,
            lists_contain_and_lack,
            filters_nest,
        );
        $crate::store_contract!(@tests $subject, revoked:
            what_is_asked_about_revocations_is_found_among_all,
            without_such_a_question_no_revoked_token_is_found,
            makers_are_found_among_many,
            revoked_tokens_come_in_every_order,
            revoked_tokens_stay_in_their_tenant,
            an_unreadable_revoked_token_is_named,
        );
        $crate::store_contract!(@tests $subject, history:
            every_event_of_a_tenant_comes_once_and_newest_first,
            a_history_is_filtered,
            a_page_of_history_examines_only_so_many_events,
            a_page_of_history_ends_after_its_bytes,
            an_unreadable_event_hides_no_other,
        );
        $crate::store_contract!(@tests $subject, names:
            a_key_of_an_earlier_release_is_kept_until_a_new_name,
            a_name_that_is_refused_now_is_kept,
            names_that_differ_in_blanks_or_joiners_clash,
        );
        $crate::store_contract!(@tests $subject, tenants:
            tenants_are_told_in_the_order_of_their_names,
            a_taken_tenant_name_makes_nothing,
            a_tenant_name_is_taken_by_what_folds_alike,
            history_outlives_the_tokens,
            a_tenant_sees_nothing_of_another,
            a_tenant_changes_nothing_of_another,
            names_of_two_tenants_do_not_clash,
        );
        $crate::store_contract!(@tests $subject, audit:
            events_come_newest_first_in_pages,
            events_show_the_names_of_now,
            events_outlive_the_token,
            chains_verify_after_many_changes,
            chains_and_their_ends_come_in_pages,
            audit_rows_cannot_be_changed_or_removed,
        );
        $crate::store_contract!(@tests $subject, verification:
            whatever_is_done_verifies,
            all_that_is_stored_of_a_token_is_read_at_once,
            a_secret_that_no_event_made_is_found,
            a_secret_that_was_exchanged_is_found,
            a_user_that_stands_for_no_token_is_found,
        );
        $crate::store_contract!(@tests $subject, idempotency:
            a_key_makes_one_token,
            a_key_comes_before_a_name,
            keys_of_two_users_do_not_clash,
            a_key_is_free_after_a_day,
            keys_are_forgotten_after_their_day,
            a_refused_creation_leaves_its_key_free,
            what_was_made_is_told_as_far_back_as_asked,
        );
        $crate::store_contract!(@tests $subject, corruption:
            a_corrupt_version_is_named,
            a_corrupt_name_is_named,
            a_corrupt_partial_token_is_named,
            a_corrupt_permission_is_named,
            a_corrupt_address_is_named,
            a_corrupt_expiry_is_named,
            a_corrupt_chain_head_is_named,
            a_corrupt_user_kind_is_named,
            a_missing_user_is_named,
            a_corrupt_event_kind_is_named,
            corrupt_changes_are_named,
            a_corrupt_event_hash_is_named,
            a_corrupt_event_address_is_named,
            a_corrupt_fingerprint_is_named,
        );
        $crate::store_contract!(@tests $subject, bounds:
            a_page_of_events_ends_after_its_bytes,
            a_batch_of_a_chain_ends_after_its_bytes,
        );
        $crate::store_contract!(@tests $subject, isolation:
            a_bad_column_of_a_record_stays_its_own,
            a_bad_column_of_a_user_stays_its_own,
            a_bad_column_of_a_secret_stays_its_own,
            a_bad_column_of_a_use_stays_its_own,
            a_bad_column_of_an_event_stays_its_own,
            a_forced_revocation_leaves_the_break_in_the_chain,
        );
    };
    (@tests $subject:ident, $theme:ident: $($promise:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                $crate::testing::contract::$theme::$promise(&$subject().await).await;
            }
        )*
    };
}
