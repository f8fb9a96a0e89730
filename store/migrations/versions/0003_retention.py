"""Outcomes outlive their incidents, and what is old is found by an index"""

from alembic import op


revision = '0003_retention'
down_revision = '0002_distributed'


def upgrade() -> None:
    # SQLite can't drop a constraint: the table is made anew. Nothing refers to outcomes, so no other row is touched.
    with op.batch_alter_table('outcomes') as batch_op:
        batch_op.drop_constraint('fk_outcomes_incident_id_incidents', type_='foreignkey')
        batch_op.drop_constraint('fk_outcomes_plan_id_plans', type_='foreignkey')
        batch_op.create_index('ix_outcomes_incident_id', ['incident_id'])
        batch_op.create_index('ix_outcomes_at', ['at'])
    op.drop_index('incidents_of_host', table_name='incidents')
    op.create_index('incidents_of_host', 'incidents', ['fleet', 'host', 'ended_at'])
    op.create_index('incidents_ended', 'incidents', ['ended_at'])
    op.create_index('incidents_opened', 'incidents', ['opened_at'])
    op.create_index('ix_verifications_incident_id', 'verifications', ['incident_id'])
    op.create_index('ix_approvals_incident_id', 'approvals', ['incident_id'])
    op.create_index('ix_detections_accepted_at', 'detections', ['accepted_at'])
    op.create_index('ix_mutes_incident_id', 'mutes', ['incident_id'])


def downgrade() -> None:
    # Outcomes whose incidents were pruned can't refer to them again.
    op.execute('DELETE FROM outcomes WHERE incident_id NOT IN (SELECT id FROM incidents)')
    op.drop_index('ix_mutes_incident_id', table_name='mutes')
    op.drop_index('ix_approvals_incident_id', table_name='approvals')
    op.drop_index('ix_detections_accepted_at', table_name='detections')
    op.drop_index('ix_verifications_incident_id', table_name='verifications')
    op.drop_index('incidents_opened', table_name='incidents')
    op.drop_index('incidents_ended', table_name='incidents')
    op.drop_index('incidents_of_host', table_name='incidents')
    op.create_index('incidents_of_host', 'incidents', ['fleet', 'host'])
    with op.batch_alter_table('outcomes') as batch_op:
        batch_op.drop_index('ix_outcomes_at')
        batch_op.drop_index('ix_outcomes_incident_id')
        batch_op.create_foreign_key('fk_outcomes_incident_id_incidents', 'incidents', ['incident_id'], ['id'])
        batch_op.create_foreign_key('fk_outcomes_plan_id_plans', 'plans', ['plan_id'], ['id'])
